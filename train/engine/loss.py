"""What training makes small; the shapes of logits and labels say which loss it is."""

import jax.numpy as jnp
import numpy as np
import optax  # type: ignore[import-untyped]
from jax import Array
from jaxtyping import Float, Float32

Labels = Float32[Array | np.ndarray, " b *k"]
"""`[b]`: 0 or 1 for one logit, else the number of a class; `[b, k]`: 0 or 1 for each class."""


def cross_entropy(
    logits: Float[Array, "b k"], labels: Labels, class_weights: Float32[np.ndarray, "..."] | None = None
) -> Float[Array, " b"]:
    """Loss of each row, in nats; from logits, so finite where a probability would round to 1.

    Args:
        logits: one for a binary task, else one for each class.
        labels: `[b, k]`: the mean over the k losses, as in Keras.
        class_weights: weight of label 0 and of label 1, or of each class, `[c]`; for labels `[b, k]` a row for label 0
            and one for label 1, `[2, k]`. None weighs all the same.
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
    losses: Float[Array, " b *k"], labels: Labels, class_weights: Float32[np.ndarray, "..."] | None
) -> Float[Array, " b *k"]:
    """Losses times the weights of their classes."""
    if class_weights is None:
        return losses
    table, chosen = jnp.asarray(class_weights), jnp.asarray(labels).astype(jnp.int32)
    own = table[chosen, jnp.arange(table.shape[1])] if table.ndim == 2 else table[chosen]
    return losses * own


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
