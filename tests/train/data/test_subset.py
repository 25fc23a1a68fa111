from typing import NamedTuple

import numpy as np
import pytest

from headstart.train.data.subset import SomeRows, first_rows


class Whole(NamedTuple):
    hidden: np.ndarray
    lengths: np.ndarray
    labels: np.ndarray
    pooled: np.ndarray
    rows: np.ndarray
    texts: list[str]


@pytest.fixture
def whole() -> Whole:
    random = np.random.default_rng(0)
    lengths = np.array([4, 1, 3], np.int32)
    hidden, pooled = random.standard_normal((8, 5), np.float32), random.standard_normal((3, 3, 5), np.float32)
    return Whole(
        hidden,
        lengths,
        np.array([[0, 1], [1, 1], [1, 0]], np.int32),
        pooled,
        np.array([7, 2, 9]),
        ["a", "b", "c"],
    )


@pytest.mark.parametrize("count", [1, 2, 3, 9])
def test_first_rows_keep_their_tokens(whole: Whole, count: int) -> None:
    found = first_rows(whole, count)
    assert len(found.labels) == len(found.lengths) == len(found.pooled) == min(count, 3)
    np.testing.assert_array_equal(found.hidden, whole.hidden[: whole.lengths[:count].sum()])
    assert np.shares_memory(found.hidden, whole.hidden)


@pytest.mark.parametrize("rows", [[0, 2], [1], [2], [0, 1, 2], [1, 2]])
def test_any_rows_keep_what_is_theirs(whole: Whole, rows: list[int]) -> None:
    found = SomeRows(whole, np.isin(np.arange(3), rows))
    starts = [0, 4, 5]
    tokens = [whole.hidden[starts[row] : starts[row] + whole.lengths[row]] for row in rows]
    np.testing.assert_array_equal(found.hidden, np.concatenate(tokens))
    for field in ("lengths", "labels", "pooled", "rows"):
        np.testing.assert_array_equal(getattr(found, field), getattr(whole, field)[rows])
    assert found.texts == [whole.texts[row] for row in rows]
