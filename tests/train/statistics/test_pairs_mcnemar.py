import numpy as np
import pytest
from scipy.stats import binomtest

from headstart.train.statistics.pairs import discordant, exact_p, holm


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
