"""Weighted sums and rules beside loops over rows."""

import numpy as np
import pytest
from scipy import sparse

from headstart.train.metrics.measure import Measure, Scorer, indicator, mean_defined, ratio


def test_entries_of_one_place_are_added() -> None:
    groups, rows, values = [0, 1, 1, 0], [2, 0, 0, 1], [1.0, 2.0, 3.0, 4.0]
    table = np.zeros((2, 3))
    for group, row, value in zip(groups, rows, values, strict=True):
        table[group, row] += value
    assert (
        indicator(np.array(groups), np.array(rows), (2, 3), np.array(values)).toarray().tolist()
        == table.tolist()
    )
    assert indicator(np.array(groups), np.array(rows), (2, 3)).sum() == 4


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nothing_below_leaves_a_quotient_undefined(dtype: type) -> None:
    quotient = ratio(np.array([[1, 2], [3, 4]], dtype), np.array([0, 8], dtype))
    assert quotient.dtype == dtype
    np.testing.assert_array_equal(quotient, [[np.nan, 0.25], [np.nan, 0.5]])


def test_the_mean_of_what_is_defined_is_numpys() -> None:
    values = np.array([[1.0, np.nan, np.nan], [2.0, 5.0, np.nan]])
    np.testing.assert_array_equal(mean_defined(values), [1.5, 5.0, np.nan])
    np.testing.assert_array_equal(mean_defined(values[:, :2]), np.nanmean(values[:, :2], axis=0))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_measures_of_a_head_come_in_one_table(dtype: type) -> None:
    random = np.random.default_rng(0)
    one, two = random.random((3, 9)), random.random((1, 9))
    sums = Measure(("a", "b"), sparse.csr_array(one), lambda sums: np.stack([sums[0] - sums[1], sums[2]]))
    mean = Measure(("c",), sparse.csr_array(two), lambda sums: sums / 9)
    score = Scorer([sums, mean])
    weights = random.integers(0, 4, (9, 5)).astype(dtype)
    values = score(weights)
    assert (score.names, values.dtype) == (("a", "b", "c"), dtype)
    for column in range(5):
        a, b, c = (sum(row[i] * weights[i, column] for i in range(9)) for row in one)
        mean_c = sum(two[0, i] * weights[i, column] for i in range(9)) / 9
        assert values[:, column] == pytest.approx([a - b, c, mean_c], rel=1e-5, abs=1e-5)
