import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from cache import UserError
from extract.splitting import split_rows


def test_the_notebook_s_sizes_and_rows() -> None:
    splits = split_rows(32_450, seed=42)
    assert [len(rows) for rows in splits.values()] == [25_960, 3_245, 3_245]
    frame = np.arange(32_450)
    train, rest = train_test_split(frame, test_size=0.2, random_state=42)
    valid, test = train_test_split(rest, test_size=0.5, random_state=42)
    for name, wanted in (("train", train), ("valid", valid), ("test", test)):
        np.testing.assert_array_equal(splits[name], wanted)


def test_every_row_is_in_one_split_and_the_seed_decides() -> None:
    splits = split_rows(101, seed=1)
    assert sorted(np.concatenate(list(splits.values())).tolist()) == list(range(101))
    assert not np.array_equal(splits["test"], split_rows(101, seed=2)["test"])


def test_ten_rows_are_the_fewest() -> None:
    assert all(len(rows) for rows in split_rows(10, seed=42).values())
    with pytest.raises(UserError, match="9 rows are too few"):
        split_rows(9, seed=42)
