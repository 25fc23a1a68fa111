"""From logits to an answer: the probability of each class on the device, the label of each row on the host."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Float, Float32

from headstart.cache.task import Task

SEPARATOR = "|"
"""What stands between the labels of a row, where a label is one string."""
LINKS = {"softmax": jax.nn.softmax, "sigmoid": jax.nn.sigmoid}
"""Probabilities of logits along the last axis; `train.metrics.probabilities` is their oracle."""


class Answer(NamedTuple):
    """What a head says of some rows; a pytree.

    Attributes:
        logits: `[b, k]` float32, on the device or the host.
        probabilities: Probability of each class, likewise `[b, c]`; a binary task has two.
    """

    logits: Any
    probabilities: Any


def answering(task: Task, score: Callable[..., Array]) -> Callable[..., Answer]:
    """A head that gives answers, from one that gives logits."""

    def answer(*arguments: Any) -> Answer:
        logits = score(*arguments)
        return Answer(logits, class_probabilities(task, logits))

    return answer


def class_probabilities(task: Task, logits: Float32[Array, "b k"]) -> Float32[Array, "b c"]:
    """Probability of each class, float32."""
    both = task.outputs < len(task.classes)
    return LINKS[task.link](jnp.concatenate([-logits, logits], axis=1) if both else logits)


def chosen(
    task: Task, probabilities: Float[np.ndarray, "b c"], threshold: float | list[float]
) -> Bool[np.ndarray, "b c"]:
    """Which classes each row gets: one, or of a multilabel task those above their thresholds.

    Args:
        task: A multiclass task takes the most probable class, of equal ones the first, and no threshold.
        probabilities: Those of an `Answer`.
        threshold: Threshold of class 1, or of each label.
    """
    if task.several:
        return np.asarray(probabilities > np.asarray(threshold))
    of_class_1 = task.link == "sigmoid"
    numbers = (probabilities[:, 1] > threshold).astype(int) if of_class_1 else probabilities.argmax(axis=1)
    return np.asarray(np.arange(probabilities.shape[1]) == numbers[:, None])


def labels_of(task: Task, picked: Bool[np.ndarray, "b c"]) -> list[list[str]]:
    """Names of the classes of each row."""
    return [[name for name, has in zip(task.classes, row, strict=True) if has] for row in picked]
