import numpy as np
import pytest

from headstart.cache.task import BINARY, Task
from headstart.train.metrics.calibration import bins, calibration_curve, chance
from headstart.train.metrics.probabilities import LINKS, right_decisions


def test_a_bin_includes_its_upper_edge():
    assert bins(np.array([0.0, 1 / 15, 1 / 15 + 1e-12, 0.6, 9 / 15, 1.0])).tolist() == [0, 0, 1, 8, 8, 14]


def test_curve_by_hand():
    """Two seeds; the first is sure of 0.61 and 0.63, the second of 0.9 twice."""
    seeds = np.array([[[0.61], [0.37]], [[0.9], [0.1]]])
    curve = calibration_curve(BINARY, np.array([1, 1]), seeds)
    assert curve.rows == [2, 2]
    assert curve.confidence == pytest.approx([0.62, 0.9])
    assert curve.share == pytest.approx([0.5, 0.5])


def test_confidence_is_that_of_the_decision():
    probabilities = np.array([[0.1], [0.8]])
    assert LINKS["sigmoid"].confidence(probabilities).ravel().tolist() == [0.9, 0.8]
    assert right_decisions(BINARY, np.array([0, 0]), probabilities).ravel().tolist() == [True, False]
    assert LINKS["softmax"].confidence(np.array([[0.2, 0.5, 0.3]])).tolist() == [[0.5]]


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_chance_is_the_mean_error_of_heads_that_are_calibrated(kind):
    rng = np.random.default_rng(0)
    task = BINARY if kind == "binary" else Task("multiclass", ("x", "y", "z"))
    probabilities = rng.random((300, 1)) if kind == "binary" else rng.dirichlet([1, 1, 1], 300)
    confidence = (
        probabilities.max(axis=1)
        if kind == "multiclass"
        else np.maximum(probabilities, 1 - probabilities)[:, 0]
    )
    errors = []
    for _ in range(400):
        gaps = confidence - (rng.random(300) < confidence)
        errors.append(np.abs(np.bincount(bins(confidence), gaps)).sum() / 300)
    assert chance(task, probabilities) == pytest.approx(np.mean(errors), rel=0.05)
