"""What a report draws of a head: the ROC curve and the calibration curve."""

from typing import Any

import numpy as np
from jaxtyping import Float, Int
from sklearn.metrics import roc_curve

from headstart.cache.task import Task
from headstart.train.metrics.calibration import confidences, curve
from headstart.train.metrics.confusion import targets

POINTS = 200


def curves(
    task: Task, labels: Int[np.ndarray, " n *k"], shares: Float[np.ndarray, "s n k"]
) -> dict[str, dict[str, list[Any]] | None]:
    """Points of the curves, ready for JSON.

    - `roc`: of the mean probability over seeds; None where no row, or every row, is positive. With several classes all
      pairs of a row and a class are pooled (the micro average).
    - `calibration`: all seeds' decisions pooled, in the 15 bins of `ece`.
    """
    every = [confidences(task, labels, own) for own in shares]
    confidence, right = (np.concatenate([own[i].ravel() for own in every]) for i in range(2))
    return {"roc": roc(task, labels, shares.mean(axis=0)), "calibration": curve(confidence, right)}


def roc(
    task: Task, labels: Int[np.ndarray, " n *k"], shares: Float[np.ndarray, "n k"]
) -> dict[str, list[Any]] | None:
    """Rates of false and true positives, at most 200 points from (0, 0) to (1, 1)."""
    truth = targets(task, labels).ravel()
    if truth.all() or not truth.any():
        return None
    false, true, _ = roc_curve(truth, shares.ravel())
    kept = _spread(false + true)
    return {"fpr": false[kept].tolist(), "tpr": true[kept].tolist()}


def _spread(length: Float[np.ndarray, " m"]) -> Int[np.ndarray, " p"]:
    """Indices of points at even distances along the curve, the two ends included."""
    return np.unique(np.searchsorted(length, np.linspace(0, length[-1], POINTS)))
