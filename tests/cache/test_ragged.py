import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.cache.ragged import row_bounds, row_starts, split_rows, take_rows, token_places

LENGTHS = st.lists(st.integers(0, 6), min_size=1, max_size=9)
DTYPES = pytest.mark.parametrize("dtype", [np.int32, np.int64])


@DTYPES
@given(LENGTHS)
def test_starts_and_bounds_are_sums_of_the_lengths_before(dtype: type, lengths: list[int]) -> None:
    sums = [sum(lengths[:row]) for row in range(len(lengths) + 1)]
    array = np.array(lengths, dtype)
    for actual, expected in ((row_starts(array), sums[:-1]), (row_bounds(array), sums)):
        assert actual.tolist() == expected
        assert actual.dtype == np.int64


def test_no_rows() -> None:
    empty = np.zeros(0, np.int32)
    assert row_starts(empty).tolist() == []
    assert row_bounds(empty).tolist() == [0]
    assert token_places(empty, empty).tolist() == []


def test_lengths_that_sum_to_more_than_32_bits() -> None:
    lengths = np.full(5, 2**30, np.int32)
    assert row_starts(lengths).tolist() == [row * 2**30 for row in range(5)]
    assert row_bounds(lengths)[-1] == 5 * 2**30


@DTYPES
@given(LENGTHS, st.data())
def test_places_are_a_range_for_each_row(dtype: type, lengths: list[int], data: st.DataObject) -> None:
    starts = [data.draw(st.integers(0, 100)) for _ in lengths]
    expected = [start + at for start, length in zip(starts, lengths, strict=True) for at in range(length)]
    places = token_places(np.array(starts, dtype), np.array(lengths, dtype))
    assert places.tolist() == expected
    assert places.dtype == np.int64


@given(LENGTHS, st.data())
def test_rows_are_taken_in_any_order(lengths: list[int], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(lengths) - 1), min_size=1, max_size=12))
    hidden = np.random.default_rng(0).normal(size=(sum(lengths) + 1, 3))[: sum(lengths)]
    if not sum(lengths):
        return
    whole = [hidden[sum(lengths[:row]) : sum(lengths[: row + 1])] for row in range(len(lengths))]
    array = np.array(lengths, np.int32)
    for part, expected in zip(split_rows(hidden, array), whole, strict=True):
        np.testing.assert_array_equal(part, expected)
        assert part.base is not None
    taken = take_rows(hidden, array, np.array(rows))
    np.testing.assert_array_equal(taken, np.concatenate([whole[row] for row in rows]))
