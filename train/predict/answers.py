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
"""Between the labels of a row, where a label is one string."""


class Answer(NamedTuple):
    """What a head says of some rows; a pytree.

    Attributes:
        logits: `[b, k]` float32, on the device or the host.
        shares: probability of each class, likewise `[b, c]`; of a binary task of both.
    """

    logits: Any
    shares: Any


def answering(task: Task, score: Callable[..., Array]) -> Callable[..., Answer]:
    """A head that gives answers, from one that gives logits."""

    def answer(*arguments: Any) -> Answer:
        logits = score(*arguments)
        return Answer(logits, shares_of(task, logits))

    return answer


def shares_of(task: Task, logits: Float32[Array, "b k"]) -> Float32[Array, "b c"]:
    """Probability of each class, float32: see `train.metrics.probabilities`, which is its oracle."""
    if task.kind == "multiclass":
        return jax.nn.softmax(logits, axis=-1)
    if task.kind == "multilabel":
        return jax.nn.sigmoid(logits)
    return jax.nn.sigmoid(jnp.concatenate([-logits, logits], axis=1))


def chosen(
    task: Task, shares: Float[np.ndarray, "b c"], threshold: float | list[float]
) -> Bool[np.ndarray, "b c"]:
    """Which classes each row gets: one, or of a multilabel task those above their thresholds.

    Args:
        task: a multiclass task takes the most probable class, of equal ones the first, and no threshold.
        shares: see `Answer`.
        threshold: of class 1, or of each label.
    """
    if task.kind == "multilabel":
        return np.asarray(shares > np.asarray(threshold))
    numbers = shares.argmax(axis=1) if task.kind == "multiclass" else (shares[:, 1] > threshold).astype(int)
    picked: np.ndarray = np.arange(shares.shape[1]) == numbers[:, None]
    return picked


def labels_of(task: Task, picked: Bool[np.ndarray, "b c"]) -> list[list[str]]:
    """Names of the classes of each row."""
    return [[name for name, own in zip(task.classes, row, strict=True) if own] for row in picked]
