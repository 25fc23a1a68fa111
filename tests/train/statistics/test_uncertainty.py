import numpy as np
import pytest

from headstart.train.statistics.uncertainty import ece_interval, percentiles


def test_the_interval_holds_the_estimate_and_reaches_0_where_chance_explains_it():
    draws = np.random.default_rng(0).normal(0.06, 0.01, 5000).astype(np.float32)
    low, high = ece_interval(0.04, percentiles(draws, 5000), draws, expected=0.03)
    assert low == 0
    assert high == pytest.approx(0.04 + 1.96 * 0.01, abs=0.002)
    low, high = ece_interval(0.04, percentiles(draws, 5000), draws, expected=0.005)
    assert low == pytest.approx(0.04 - 1.96 * 0.01 - 0.005, abs=0.002)
