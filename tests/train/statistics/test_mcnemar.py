import numpy as np
import pytest
from scipy.stats import binomtest

from train.statistics.mcnemar import discordant, exact_p, holm, middle


def test_the_p_value_is_scipys():
    for a in range(15):
        for b in range(15):
            expected = binomtest(a, a + b).pvalue if a + b else 1.0
            assert exact_p(a, b) == pytest.approx(expected)


def test_rows_that_only_one_has_right():
    a, b = np.array([1, 1, 1, 0, 0], bool), np.array([1, 0, 0, 1, 0], bool)
    assert discordant(a, b) == (2, 1)


@pytest.mark.parametrize(
    ("p", "adjusted"),
    [
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),  # 0.01 * 3; 0.03 * 2; 0.04 * 1 is not below that
        ([0.5, 0.6], [1.0, 1.0]),
        ([0.02], [0.02]),
        ([], []),
    ],
)
def test_holm_by_hand(p, adjusted):
    assert holm(np.array(p, float)) == pytest.approx(adjusted)


@pytest.mark.parametrize(
    ("p", "value", "at"),
    [
        ([0.2], 0.2, 0),
        ([0.04, 0.01], 0.02, 1),
        ([0.1, 0.9, 0.3], 0.45, 2),
        ([0.5, 0.9, 0.8, 0.01, 0.6], 1.0, 4),
    ],
)
def test_the_middle_p_value_by_hand(p, value, at):
    assert middle(np.array(p)) == pytest.approx((value, at))


def test_the_middle_p_value_errs_no_more_often_than_it_says():
    rng = np.random.default_rng(0)
    for seeds in (2, 3, 5):
        for together in (0.0, 0.9):  # from independent tests to nearly the same one
            z = np.sqrt(together) * rng.normal(size=(20_000, 1)) + np.sqrt(1 - together) * rng.normal(
                size=(20_000, seeds)
            )
            p = np.argsort(np.argsort(z, axis=None)).reshape(z.shape) / z.size  # uniform
            k = (seeds + 1) // 2
            combined = np.minimum(1, np.sort(p, axis=1)[:, k - 1] * seeds / k)
            assert combined[0] == pytest.approx(middle(p[0])[0])
            assert (combined <= 0.05).mean() < 0.055
