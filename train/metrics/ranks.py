"""Metrics of the order in which scores put the rows: areas under the ROC and precision-recall curves; the ROC curve.

The areas need, for each positive row, the weight of the rows at or above its score. Rows are grouped by the positives'
distinct scores once; each weighting then costs one sparse product and a running sum.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy import sparse
from sklearn.metrics import roc_curve

from headstart.cache.task import Task
from headstart.train.metrics.measure import Measure, indicator, mean_defined, ratio
from headstart.train.metrics.probabilities import Labels, probabilities_of, targets

NAMES = ("roc_auc", "average_precision")
POINTS = 200
"""Most points of a drawn curve."""
BLOCK = 32  # levels of a running sum that are added up before the blocks are


class Order(NamedTuple):
    """Rows of one class against all others, grouped by the class's u distinct scores in falling order.

    Attributes:
        positives: `[u, n]`, 1 where a row has the class and this score.
        negatives: `[u, n]`, 1 where a row lacks the class and this is the highest of the scores not above its own.
        ties: likewise, where the two are equal.
    """

    positives: sparse.csr_array
    negatives: sparse.csr_array
    ties: sparse.csr_array


def ranks(task: Task, labels: Labels, logits: Float[np.ndarray, "n k"]) -> Measure:
    """`roc_auc` and `average_precision`, ties counted as scikit-learn does.

    Binary: of class 1. Else the plain mean over classes, each against the rest, of those for which it is defined:
    the area under the ROC curve needs rows of the class and others, average precision rows of the class.
    """
    scores = probabilities_of(task, logits) if task.link == "softmax" else logits.astype(np.float64)
    truth = targets(task, labels)
    orders = [order(truth[:, k], scores[:, k]) for k in range(task.outputs) if truth[:, k].any()]
    parts = [part for grouped in orders for part in grouped]
    if not parts:
        return Measure(NAMES, sparse.csr_array((0, len(labels))), _undefined)
    cuts = np.cumsum([part.shape[0] for part in parts])[:-1]

    def rule(sums: Float[np.ndarray, "m c"]) -> Float[np.ndarray, "2 c"]:
        pieces = np.split(sums, cuts)
        areas = [_areas(len(labels), *pieces[i : i + 3]) for i in range(0, len(pieces), 3)]
        return np.stack([mean_defined(np.stack(values)) for values in zip(*areas, strict=True)])

    return Measure(NAMES, sparse.vstack(parts, format="csr"), rule)


class RocCurve(NamedTuple):
    """Points of a ROC curve from (0, 0) to (1, 1): rates of false and of true positives."""

    fpr: list[float]
    tpr: list[float]


def roc(task: Task, labels: Labels, probabilities: Float[np.ndarray, "n k"]) -> RocCurve | None:
    """ROC curve; None where no row, or every row, is positive.

    With several classes all pairs of a row and a class are pooled (the micro average).
    """
    truth = targets(task, labels).ravel()
    if truth.all() or not truth.any():
        return None
    false, true, _ = roc_curve(truth, probabilities.ravel())
    length = false + true
    # points at even distances along the curve, the two ends included
    kept = np.unique(np.searchsorted(length, np.linspace(0, length[-1], POINTS)))
    return RocCurve(false[kept].tolist(), true[kept].tolist())


def order(truth: Bool[np.ndarray, " n"], scores: Float[np.ndarray, " n"]) -> Order:
    """Group the rows; at least one must be positive."""
    positive, negative = np.flatnonzero(truth), np.flatnonzero(~truth)
    levels = np.unique(-scores[positive])
    level = np.searchsorted(levels, -scores[negative])
    reached = level < len(levels)
    level, negative = level[reached], negative[reached]
    shape = len(levels), len(truth)
    tied = levels[level] == -scores[negative]
    ties = indicator(level[tied], negative[tied], shape)
    return Order(
        indicator(np.searchsorted(levels, -scores[positive]), positive, shape),
        indicator(level, negative, shape),
        ties if tied.any() else sparse.csr_array((0, len(truth))),
    )


def _areas(
    rows: int,
    positives: Float[np.ndarray, "u c"],
    negatives: Float[np.ndarray, "u c"],
    ties: Float[np.ndarray, "v c"],
) -> tuple[Float[np.ndarray, " c"], Float[np.ndarray, " c"]]:
    """Area under the ROC curve, and average precision.

    The first is the share of pairs, one positive and one negative row, in which the positive scores higher, half of
    the equal ones included; the second the mean over positives of the precision at their score.
    """
    above, hits = running(negatives), running(positives)
    total = hits[-1]
    others = rows - total
    beaten = others - above
    if len(ties):
        beaten += ties / 2
    # without a hit 0 is divided by something: a masked division takes several times as long
    precisions = positives * hits / np.maximum(hits + above, np.finfo(hits.dtype).tiny)
    return ratio(_sum(positives * beaten), total * others), ratio(_sum(precisions), total)


def running(values: Float[np.ndarray, "u c"]) -> Float[np.ndarray, "u c"]:
    """Running sum over the first axis; `np.cumsum` runs down single columns and takes ten times as long."""
    levels = len(values)
    blocks = np.zeros((-(-levels // BLOCK), BLOCK, values.shape[1]), values.dtype)
    flat = blocks.reshape(-1, values.shape[1])
    flat[:levels] = values
    for i in range(1, BLOCK):
        blocks[:, i] += blocks[:, i - 1]
    for i in range(1, len(blocks)):
        blocks[i] += blocks[i - 1, -1]
    return flat[:levels]


def _sum(values: Float[np.ndarray, "u c"]) -> Float[np.ndarray, " c"]:
    """Sum over the first axis in blocks: float32 loses little that way."""
    parts = [values[i : i + 256].sum(axis=0) for i in range(0, len(values), 256)]
    return np.asarray(np.sum(parts, axis=0))


def _undefined(sums: Float[np.ndarray, "0 c"]) -> Float[np.ndarray, "2 c"]:
    return np.full((2, sums.shape[1]), np.nan, sums.dtype)
