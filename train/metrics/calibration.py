"""Whether a head is right as often as it is sure."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from headstart.cache.task import Task
from headstart.train.metrics.measure import Measure, indicator
from headstart.train.metrics.probabilities import LINKS, Labels, right_decisions

BINS = 15


class CalibrationCurve(NamedTuple):
    """Bins that hold decisions: mean confidence, share of right decisions, and how many decisions."""

    confidence: list[float]
    share: list[float]
    rows: list[int]


def ece(task: Task, labels: Labels, probabilities: Float[np.ndarray, "n k"]) -> Measure:
    """Expected calibration error: sum over bins of (rows in bin / rows) |mean confidence - share right|.

    The confidence of a decision is the probability of what was decided: max(p, 1 - p), or the largest of a row;
    the 15 bins ((m - 1) / 15, m / 15] of it are equally wide. Multilabel: every row's every label is a decision.
    Even a perfectly calibrated head has an error above 0 on few rows: see `chance`.

    Reference:
        Guo, Pleiss, Sun, Weinberger, On calibration of modern neural networks, ICML 2017, equation 3.
    """
    rows = len(labels)
    confidence = LINKS[task.link].confidence(probabilities)
    gaps = confidence - right_decisions(task, labels, probabilities)
    groups = bins(confidence).ravel()
    terms = indicator(groups, np.repeat(np.arange(rows), gaps.shape[1]), (BINS, rows), gaps.ravel())
    return Measure(("ece",), terms, lambda sums: np.abs(sums).sum(axis=0, keepdims=True) / gaps.size)


def chance(task: Task, probabilities: Float[np.ndarray, "n k"]) -> float:
    """Error to expect of a perfectly calibrated head that is as sure as this one, on as many rows.

    In each bin the sum of confidence less right is then nearly normal around 0, with the variances of coins that fall
    as the confidences say (decisions of the same row count as independent); this is the mean of its absolute value.
    """
    confidence = LINKS[task.link].confidence(probabilities).ravel()
    variances = np.bincount(bins(confidence), confidence * (1 - confidence), minlength=BINS)
    return float(np.sqrt(2 / np.pi * variances).sum() / confidence.size)


def bins(confidence: Float[np.ndarray, "..."]) -> Int[np.ndarray, "..."]:
    """Number of the bin that each confidence falls into, from 0; a bin includes its upper edge."""
    return np.searchsorted(np.arange(1, BINS) / BINS, confidence, side="left")


def calibration_curve(
    task: Task, labels: Labels, probabilities: Float[np.ndarray, "s n k"]
) -> CalibrationCurve:
    """All seeds' decisions in the 15 bins of `ece`; bins without any are left out.

    scikit-learn's function of this name does not say how many decisions each bin holds, which a figure shows.
    """
    confidence = LINKS[task.link].confidence(probabilities).ravel()
    right = right_decisions(task, labels, probabilities).ravel()
    number = bins(confidence)
    rows = np.bincount(number, minlength=BINS)
    used = rows > 0
    confidences, rights = (
        np.bincount(number, values, minlength=BINS)[used] / rows[used] for values in (confidence, right)
    )
    return CalibrationCurve(confidences.tolist(), rights.tolist(), rows[used].tolist())
