"""Labels that heads can learn, and how much each class weighs."""

import numpy as np
from jaxtyping import Float32, Int

from headstart.cache.task import BINARY, Task


def require_labels(labels: Int[np.ndarray, " b *k"], split: str, task: Task = BINARY) -> None:
    """Check labels before an epoch is spent on them.

    Raises:
        ValueError: there are none, or others than the task's.
    """
    if len(labels) == 0:
        raise ValueError(f"the {split} split has no rows; extract it from more data")
    found = np.unique(labels)
    if (
        labels.shape != task.label_shape(len(labels))
        or not np.isin(found, range(task.highest_label + 1)).all()
    ):
        shown = ", ".join(map(str, found[:10]))
        raise ValueError(
            f"the {split} split has labels {shown}; a {task.kind} task needs 0 to {task.highest_label}"
        )


def balanced_weights(task: Task, labels: Int[np.ndarray, " b *k"]) -> Float32[np.ndarray, " c *k"]:
    """Weights with which every class counts as much: rows / (classes * rows of the class), as in scikit-learn.

    Returns:
        `[c]`; for a multilabel task `[2, k]`, for label 0 and label 1 of each class. A class that no row has weighs 0.
    """
    counts = np.stack([(labels == value).sum(axis=0) for value in range(task.highest_label + 1)])
    weights = np.where(counts > 0, len(labels) / (len(counts) * np.maximum(counts, 1)), 0)
    return weights.astype(np.float32)
