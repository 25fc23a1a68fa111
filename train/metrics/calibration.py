"""Whether a head is right as often as it is sure."""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from headstart.cache.task import Task
from headstart.train.metrics.measure import Measure, indicator
from headstart.train.metrics.probabilities import decisions

BINS = 15


def ece(task: Task, labels: Int[np.ndarray, " n *k"], shares: Float[np.ndarray, "n k"]) -> Measure:
    """Expected calibration error: sum over bins of (rows in bin / rows) |mean confidence - share right|.

    The confidence of a decision is the probability of what was decided: max(p, 1 - p), or the largest of a row;
    the 15 bins ((m - 1) / 15, m / 15] of it are equally wide. Multilabel: every row's every label is a decision.
    Even a perfectly calibrated head has an error above 0 on few rows: see `chance`.

    Reference:
        Guo, Pleiss, Sun, Weinberger, On calibration of modern neural networks, ICML 2017, equation 3.
    """
    rows = len(labels)
    confidence, right = confidences(task, labels, shares)
    gaps = confidence - right
    groups = bins(confidence).ravel()
    terms = indicator(groups, np.repeat(np.arange(rows), gaps.shape[1]), (BINS, rows), gaps.ravel())
    return Measure(("ece",), terms, lambda sums: np.abs(sums).sum(axis=0, keepdims=True) / gaps.size)


def chance(task: Task, shares: Float[np.ndarray, "n k"]) -> float:
    """Error to expect of a perfectly calibrated head that is as sure as this one, on as many rows.

    In each bin the sum of confidence less right is then nearly normal around 0, with the variances of coins that fall
    as the confidences say (decisions of the same row count as independent); this is the mean of its absolute value.
    """
    confidence = shares.max(axis=1) if task.kind == "multiclass" else np.maximum(shares, 1 - shares).ravel()
    variances = np.bincount(bins(confidence), confidence * (1 - confidence), minlength=BINS)
    return float(np.sqrt(2 / np.pi * variances).sum() / confidence.size)


def confidences(
    task: Task, labels: Int[np.ndarray, " n *k"], shares: Float[np.ndarray, "n k"]
) -> tuple[Float[np.ndarray, "n q"], Bool[np.ndarray, "n q"]]:
    """How sure each decision is and whether it is right; q is the number of decisions in a row."""
    right = decisions(task, shares) == labels
    if task.kind == "multiclass":
        return shares.max(axis=1, keepdims=True), right[:, None]
    return np.maximum(shares, 1 - shares), right.reshape(shares.shape)


def bins(confidence: Float[np.ndarray, "..."]) -> Int[np.ndarray, "..."]:
    """Number of the bin that each confidence falls into, from 0; a bin includes its upper edge."""
    return np.searchsorted(np.arange(1, BINS) / BINS, confidence, side="left")


def curve(confidence: Float[np.ndarray, " n"], right: Bool[np.ndarray, " n"]) -> dict[str, list[Any]]:
    """Mean confidence, share right and decisions of each bin that has any."""
    number = bins(confidence)
    rows = np.bincount(number, minlength=BINS)
    used = rows > 0
    means = [np.bincount(number, values, minlength=BINS)[used] / rows[used] for values in (confidence, right)]
    return {"confidence": means[0].tolist(), "share": means[1].tolist(), "rows": rows[used].tolist()}
