import numpy as np
import pytest
from scipy import stats

from headstart.train.statistics.bootstrap import Spread


def test_without_an_error_of_rows_it_is_welchs_test():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.8, 0.01, 5), rng.normal(0.81, 0.03, 4)
    expected = stats.ttest_ind(a, b, equal_var=False)
    spread = Spread(0.0, [a, b])
    difference = float(a.mean() - b.mean())
    assert spread.p(difference) == pytest.approx(expected.pvalue)
    assert difference - spread.half_width == pytest.approx(expected.confidence_interval().low)


def test_without_seeds_it_is_the_normal_interval_of_the_rows():
    spread = Spread(0.01**2, [np.array([0.8]), np.array([0.7])])
    assert spread.half_width == pytest.approx(1.96 * 0.01, rel=1e-3)
    assert spread.p(0.02) == pytest.approx(2 * stats.norm.sf(2), rel=1e-3)


def test_one_more_training_spreads_as_students_prediction_interval():
    values = np.array([0.80, 0.82, 0.81])
    expected = stats.t.ppf(0.975, 2) * 0.01 * np.sqrt(1 + 1 / 3)
    assert Spread(0.0, [values], anew=True).half_width == pytest.approx(expected)


def test_an_error_of_rows_only_widens():
    values = np.array([0.80, 0.82, 0.81, 0.80])
    widths = [Spread(rows**2, [values]).half_width for rows in (0.01, 0.02, 0.05)]
    assert widths == sorted(widths)


@pytest.mark.parametrize(("difference", "p"), [(0.0, 1.0), (0.1, 0.0)])
def test_no_spread_at_all(difference, p):
    assert Spread(0.0, [np.array([0.8, 0.8]), np.array([0.7])]).p(difference) == p
