"""Every metric of one trained head on one set of rows."""

import numpy as np
from jaxtyping import Float
from scipy import sparse

from headstart.cache.task import Task
from headstart.train.metrics.calibration import ece
from headstart.train.metrics.confusion import balanced_accuracy, f1
from headstart.train.metrics.measure import Measure, Scorer
from headstart.train.metrics.probabilities import (
    Labels,
    Threshold,
    decisions,
    probabilities_of,
    right_decisions,
    row_losses,
    targets,
)
from headstart.train.metrics.ranks import ranks

NAMES = ("loss", "accuracy", "subset_accuracy", "brier", "f1", "macro_f1", "balanced_accuracy",
    "roc_auc", "average_precision", "ece")  # fmt: skip


def metric_names(task: Task) -> tuple[str, ...]:
    """Metrics of a task, in the order in which they are computed."""
    return tuple(name for name in NAMES if task.several or name != "subset_accuracy")


def compared_metric(task: Task) -> str:
    """The metric that heads are compared by: every decision of a row is right."""
    return "subset_accuracy" if task.several else "accuracy"


def scorer(task: Task, labels: Labels, logits: Float[np.ndarray, "n k"], threshold: Threshold) -> Scorer:
    """All metrics: loss, accuracy, subset_accuracy (multilabel), brier, f1, macro_f1, balanced_accuracy, roc_auc, ...

    All decisions are those that `predict.py` takes unless told another threshold: 0.5, or the most probable class,
    as in the notebook. F1 of several labels alone takes the thresholds, which must have been chosen on other rows.

    Args:
        task: Kind and classes.
        labels: Labels of the rows.
        logits: None of them NaN.
        threshold: Those of several labels, one for each; None for 0.5. A single one does not count.
    """
    probabilities, chosen = probabilities_of(task, logits), threshold if task.several else None
    return Scorer(
        [
            means(task, labels, logits),
            f1(task, labels, decisions(task, probabilities, chosen)),
            balanced_accuracy(task, labels, decisions(task, probabilities)),
            ranks(task, labels, logits),
            ece(task, labels, probabilities),
        ]
    )


def means(task: Task, labels: Labels, logits: Float[np.ndarray, "n k"]) -> Measure:
    """Metrics that are means over rows, by name.

    - `loss`: cross-entropy in nats; NaN where a row's is infinite.
    - `accuracy`: share of rows whose decision (0.5, or the most probable class) is right; multilabel: share of rows
      and labels, as Keras' binary accuracy.
    - `subset_accuracy` (multilabel only): share of rows with every label right.
    - `brier`: mean square of probability less truth; multiclass: summed over the classes, hence up to 2.

    Reference:
        G. W. Brier, Verification of forecasts expressed in terms of probability, Monthly Weather Review 78 (1950).
    """
    values = row_values(task, labels, logits)
    table = np.stack(list(values.values()))
    finite = np.isfinite(table).all(axis=1)
    terms = sparse.csr_array(np.where(finite[:, None], table, 0))
    # divided at the end: sums of 0 and 1 are exact in float32
    rows = np.where(finite, table.shape[1], np.nan)[:, None]
    return Measure(tuple(values), terms, lambda sums: sums / rows.astype(sums.dtype))


def row_values(
    task: Task, labels: Labels, logits: Float[np.ndarray, "n k"]
) -> dict[str, Float[np.ndarray, " n"]]:
    """What the means are the means of."""
    probabilities = probabilities_of(task, logits)
    right = right_decisions(task, labels, probabilities)
    squares = (probabilities - targets(task, labels)) ** 2
    values = {
        "loss": row_losses(task, labels, logits),
        "accuracy": right.mean(axis=1),
        "subset_accuracy": right.all(axis=1) * 1.0,
        "brier": squares.sum(axis=1) if task.link == "softmax" else squares.mean(axis=1),
    }
    return {name: values[name] for name in metric_names(task) if name in values}
