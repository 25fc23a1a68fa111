import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from headstart.cache import UserError
from headstart.extract.splits.rules import split_rows

TEXTS = [f"comment {i}" for i in range(32_450)]


def test_the_notebook_s_sizes_and_rows() -> None:
    splits = split_rows(TEXTS, seed=42)
    assert [len(rows) for rows in splits.values()] == [25_960, 3_245, 3_245]
    frame = np.arange(32_450)
    train, rest = train_test_split(frame, test_size=0.2, random_state=42)
    valid, test = train_test_split(rest, test_size=0.5, random_state=42)
    for name, wanted in (("train", train), ("valid", valid), ("test", test)):
        np.testing.assert_array_equal(splits[name], wanted)


def test_scikit_learn_s_rule_for_every_size() -> None:
    for count in [*range(10, 140), 1_001, 99_999]:
        splits = split_rows(TEXTS[:1] * count, seed=count)
        train, rest = train_test_split(np.arange(count), test_size=0.2, random_state=count)
        valid, test = train_test_split(rest, test_size=0.5, random_state=count)
        for name, wanted in (("train", train), ("valid", valid), ("test", test)):
            np.testing.assert_array_equal(splits[name], wanted)


def test_every_row_is_in_one_split_and_the_seed_decides() -> None:
    splits = split_rows(TEXTS[:101], seed=1)
    assert sorted(np.concatenate(list(splits.values())).tolist()) == list(range(101))
    assert not np.array_equal(splits["test"], split_rows(TEXTS[:101], seed=2)["test"])


def test_ten_rows_are_the_fewest() -> None:
    assert all(len(rows) for rows in split_rows(TEXTS[:10], seed=42).values())
    with pytest.raises(UserError, match="9 rows are too few"):
        split_rows(TEXTS[:9], seed=42)


def test_the_stable_rule_moves_no_row_when_rows_are_appended() -> None:
    before, after = (split_rows(TEXTS[:count], 42, "stable") for count in (5_000, 8_000))
    for name, rows in before.items():
        np.testing.assert_array_equal(after[name][: len(rows)], rows)
        assert (np.diff(rows) > 0).all()
    shares = [len(rows) / 8_000 for rows in after.values()]
    np.testing.assert_allclose(shares, [0.8, 0.1, 0.1], atol=0.02)


def test_equal_texts_never_part_under_the_stable_rule() -> None:
    splits = split_rows(TEXTS[:300] * 2, 42, "stable")
    assert all(
        set(rows) == {row % 300 for row in rows} | {row % 300 + 300 for row in rows}
        for rows in splits.values()
    )
    assert not np.array_equal(splits["test"], split_rows(TEXTS[:300] * 2, 7, "stable")["test"])


def test_a_split_without_rows_is_an_error() -> None:
    with pytest.raises(UserError, match="the split valid gets no row"):
        split_rows(["same"] * 20, 42, "stable")
