import numpy as np
import pytest

from headstart.cache.task import BINARY, Task
from headstart.train.metrics.calibration import bins, chance, confidences, curve
from headstart.train.statistics.uncertainty import ece_interval


def test_a_bin_includes_its_upper_edge():
    assert bins(np.array([0.0, 1 / 15, 1 / 15 + 1e-12, 0.6, 9 / 15, 1.0])).tolist() == [0, 0, 1, 8, 8, 14]


def test_curve_by_hand():
    found = curve(np.array([0.61, 0.63, 0.9]), np.array([True, False, True]))
    assert found["rows"] == [2, 1]
    assert found["confidence"] == pytest.approx([0.62, 0.9])
    assert found["share"] == pytest.approx([0.5, 1])


def test_confidence_is_that_of_the_decision():
    sure, right = confidences(BINARY, np.array([0, 0]), np.array([[0.1], [0.8]]))
    assert (sure.ravel().tolist(), right.ravel().tolist()) == ([0.9, 0.8], [True, False])


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_chance_is_the_mean_error_of_heads_that_are_calibrated(kind):
    rng = np.random.default_rng(0)
    task = BINARY if kind == "binary" else Task("multiclass", ("x", "y", "z"))
    shares = rng.random((300, 1)) if kind == "binary" else rng.dirichlet([1, 1, 1], 300)
    confidence = shares.max(axis=1) if kind == "multiclass" else np.maximum(shares, 1 - shares)[:, 0]
    errors = []
    for _ in range(400):
        gaps = confidence - (rng.random(300) < confidence)
        errors.append(np.abs(np.bincount(bins(confidence), gaps)).sum() / 300)
    assert chance(task, shares) == pytest.approx(np.mean(errors), rel=0.05)


def test_the_interval_holds_the_estimate_and_reaches_0_where_chance_explains_it():
    draws = np.random.default_rng(0).normal(0.06, 0.01, 5000).astype(np.float32)
    low, high = ece_interval(0.04, draws, expected=0.03)
    assert low == 0
    assert high == pytest.approx(0.04 + 1.96 * 0.01, abs=0.002)
    low, high = ece_interval(0.04, draws, expected=0.005)
    assert low == pytest.approx(0.04 - 1.96 * 0.01 - 0.005, abs=0.002)
