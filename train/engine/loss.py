"""Loss and accuracy of rows, and their sums, which are divided once, so that batches of any weight add up exactly.

The shapes of logits and labels say which loss it is.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import optax  # type: ignore[import-untyped]
from jax import Array
from jaxtyping import Float, Float32, Int

from headstart.cache.task import Task

Labels = Float32[Array | np.ndarray, " b *k"]
"""`[b]`: 0 or 1 for one logit, else the number of a class; `[b, k]`: 0 or 1 for each class."""

ClassWeights = Float32[np.ndarray, "..."] | None
"""Weight of label 0 and of label 1, or of each class, `[c]`; for labels `[b, k]` a row for label 0 and one for label 1,
`[2, k]`. None weighs all the same."""


class Sums(NamedTuple):
    """Weighted sums over rows, as float32 scalars on device.

    Attributes:
        loss: Sum of the rows' losses.
        correct: Number of rows classified correctly; multilabel: the sum of the shares of right labels.
        rows: Number of rows.
    """

    loss: Float[Array, ""]
    correct: Float[Array, ""]
    rows: Float[Array, ""]


class Metrics(NamedTuple):
    """Means over rows."""

    loss: float
    accuracy: float


def balanced_weights(task: Task, labels: Int[np.ndarray, " b *k"]) -> Float32[np.ndarray, " c *k"]:
    """`ClassWeights` with which every class counts as much: rows / (classes * rows of the class), as in scikit-learn.

    A class that no row has weighs 0.
    """
    counts = np.stack([(labels == value).sum(axis=0) for value in range(task.highest_label + 1)])
    weights = np.where(counts > 0, len(labels) / (len(counts) * np.maximum(counts, 1)), 0)
    return weights.astype(np.float32)


def cross_entropy(
    logits: Float[Array, "b k"], labels: Labels, class_weights: ClassWeights = None
) -> Float[Array, " b"]:
    """Loss of each row, in nats; from logits, so finite where a probability would round to 1.

    Args:
        logits: One logit for a binary task, else one for each class.
        labels: `[b, k]`: the mean over the k losses, as in Keras.
        class_weights: Weights of the classes.
    """
    if labels.ndim == 2:
        losses = weighted(optax.sigmoid_binary_cross_entropy(logits, labels), labels, class_weights)
        return losses.mean(axis=1)
    if logits.shape[1] == 1:
        return weighted(optax.sigmoid_binary_cross_entropy(logits[:, 0], labels), labels, class_weights)
    classes = jnp.asarray(labels).astype(jnp.int32)
    losses = optax.softmax_cross_entropy_with_integer_labels(logits, classes)
    return weighted(losses, labels, class_weights)


def weighted(
    losses: Float[Array, " b *k"], labels: Labels, class_weights: ClassWeights
) -> Float[Array, " b *k"]:
    """Losses times the weights of their classes."""
    if class_weights is None:
        return losses
    table, classes = jnp.asarray(class_weights), jnp.asarray(labels).astype(jnp.int32)
    return losses * (table[classes, jnp.arange(table.shape[1])] if table.ndim == 2 else table[classes])


def share_right(logits: Float[Array, "b k"], labels: Labels) -> Float[Array, " b"]:
    """1 for a row classified rightly, else 0: a probability above 0.5 says 1, of several the largest wins.

    For labels `[b, k]` the share of the k labels that are right, Keras' binary accuracy.
    """
    if labels.ndim == 2:
        return ((logits > 0) == (jnp.asarray(labels) > 0.5)).mean(axis=1)
    if logits.shape[1] == 1:
        right = (logits[:, 0] > 0) == (jnp.asarray(labels) > 0.5)
    else:
        right = logits.argmax(axis=1) == jnp.asarray(labels).astype(jnp.int32)
    return right.astype(jnp.float32)


def zero_sums() -> Sums:
    """Sums over no rows."""
    return Sums(*jnp.zeros(3))


def batch_sums(
    logits: Float[Array, "b k"],
    labels: Labels,
    weights: Float32[Array | np.ndarray, " b"],
    class_weights: ClassWeights = None,
) -> Sums:
    """Sums over the rows of weight 1; class weights change the loss only.

    Rows of weight 0 count as if they were deleted, even where their logits are NaN.
    """
    losses, correct = cross_entropy(logits, labels, class_weights), share_right(logits, labels)
    # not weights * losses: 0 * nan is nan
    kept = [jnp.where(weights > 0, weights * row, 0) for row in (losses, correct)]
    return Sums(kept[0].sum(), kept[1].sum(), weights.sum())


def add(left: Sums, right: Sums) -> Sums:
    """Sums over the rows of both."""
    return Sums(*(jnp.add(a, b) for a, b in zip(left, right, strict=True)))


def divide(sums: Sums) -> Metrics:
    """Means over all rows that were counted; waits for the device, so call it once an epoch."""
    loss, correct, rows = (float(total) for total in sums)
    return Metrics(loss / rows, correct / rows)
