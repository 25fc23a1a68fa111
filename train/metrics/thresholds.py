"""The threshold above which a probability says 1, chosen on the validation rows."""

import numpy as np
from jaxtyping import Float, Int

from headstart.cache.task import Task

DEFAULT = 0.5


def choose_thresholds(
    task: Task, labels: Int[np.ndarray, " n *k"], shares: Float[np.ndarray, "s n k"]
) -> float | list[float] | None:
    """Thresholds of a head, one for all its seeds: a float (binary), one for each label (multilabel), or None.

    The seeds' rows are pooled, so that a threshold serves a head trained anew, too.

    Args:
        task: a multiclass task takes the most probable class and has no threshold.
        labels: of the validation rows; never of the test rows.
        shares: probabilities of at least one seed, none of them NaN.
    """
    if task.kind == "multiclass":
        return None
    targets = labels.reshape(-1, task.outputs)
    chosen = [
        best_threshold(np.tile(targets[:, k], len(shares)), shares[..., k].ravel())
        for k in range(task.outputs)
    ]
    return chosen[0] if task.kind == "binary" else chosen


def best_threshold(labels: Int[np.ndarray, " n"], shares: Float[np.ndarray, " n"]) -> float:
    """Threshold in [0, 1) with the highest F1 of class 1, halfway between two probabilities that occur.

    Of several equally good ones it is the nearest to 0.5; 0.5 where no label is 1.
    """
    if not labels.any():
        return DEFAULT
    order = np.argsort(-shares, kind="stable")
    levels, hits = shares[order], labels[order].cumsum()
    ends = np.flatnonzero(np.append(levels[1:] < levels[:-1], levels[-1] > 0))
    if len(ends) == 0:  # nothing but zeros
        return DEFAULT
    cuts = _between(levels, ends)
    f1 = 2 * hits[ends] / (ends + 1 + hits[-1])
    best = cuts[f1 == f1.max()]
    return float(best[np.argmin(np.abs(best - DEFAULT))])


def _between(levels: Float[np.ndarray, " n"], ends: Int[np.ndarray, " m"]) -> Float[np.ndarray, " m"]:
    """Cuts just below falling levels; two neighbouring floats have no middle, so the lower one is the cut."""
    upper, lower = levels[ends], np.append(levels, 0.0)[ends + 1]
    middle = lower + (upper - lower) / 2
    return np.asarray(np.where(middle < upper, middle, lower))
