"""Every metric of one trained head on one set of rows."""

import numpy as np
from jaxtyping import Float, Int

from headstart.cache.task import Task
from headstart.train.metrics.calibration import ece
from headstart.train.metrics.confusion import balanced_accuracy, f1
from headstart.train.metrics.means import means
from headstart.train.metrics.measure import Scorer
from headstart.train.metrics.probabilities import decisions, probabilities
from headstart.train.metrics.ranks import ranks

NAMES = (
    "loss",
    "accuracy",
    "subset_accuracy",
    "brier",
    "f1",
    "macro_f1",
    "balanced_accuracy",
    "roc_auc",
    "average_precision",
    "ece",
)


def metric_names(task: Task) -> tuple[str, ...]:
    """Metrics of a task, in the order in which they are computed."""
    return tuple(name for name in NAMES if task.kind == "multilabel" or name != "subset_accuracy")


def scorer(
    task: Task,
    labels: Int[np.ndarray, " n *k"],
    logits: Float[np.ndarray, "n k"],
    threshold: float | list[float] | None,
) -> Scorer:
    """All metrics: loss, accuracy, subset_accuracy (multilabel), brier, f1, macro_f1, balanced_accuracy, roc_auc, ...

    Accuracy, balanced accuracy and calibration take 0.5 (or the most probable class) as the notebook did; F1 takes the
    threshold, which must have been chosen on other rows.

    Args:
        task: kind and classes.
        labels: of the rows.
        logits: none of them NaN.
        threshold: one, one for each label, or None for 0.5.
    """
    shares = probabilities(task, logits)
    plain = decisions(task, shares)
    chosen = decisions(task, shares, 0.5 if threshold is None else threshold)
    return Scorer(
        [
            means(task, labels, logits),
            f1(task, labels, chosen),
            balanced_accuracy(task, labels, plain),
            ranks(task, labels, logits),
            ece(task, labels, shares),
        ]
    )
