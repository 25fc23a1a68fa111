"""Metrics that are means over rows: loss, accuracy, Brier score."""

import numpy as np
from jaxtyping import Float, Int
from scipy import sparse

from headstart.cache.task import Task
from headstart.train.metrics.measure import Measure
from headstart.train.metrics.probabilities import decisions, probabilities, row_losses


def means(task: Task, labels: Int[np.ndarray, " n *k"], logits: Float[np.ndarray, "n k"]) -> Measure:
    """Means over rows, by name.

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
    task: Task, labels: Int[np.ndarray, " n *k"], logits: Float[np.ndarray, "n k"]
) -> dict[str, Float[np.ndarray, " n"]]:
    """What the means are the means of."""
    shares = probabilities(task, logits)
    right = decisions(task, shares) == labels
    losses = row_losses(task, labels, logits)
    if task.kind == "binary":
        return {"loss": losses, "accuracy": right * 1.0, "brier": (shares[:, 0] - labels) ** 2}
    if task.kind == "multiclass":
        squares = (shares - np.eye(task.outputs)[labels]) ** 2
        return {"loss": losses, "accuracy": right * 1.0, "brier": squares.sum(axis=1)}
    return {
        "loss": losses,
        "accuracy": right.mean(axis=1),
        "subset_accuracy": right.all(axis=1) * 1.0,
        "brier": ((shares - labels) ** 2).mean(axis=1),
    }
