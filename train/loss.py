"""What training makes small."""

import numpy as np
import optax  # type: ignore[import-untyped]
from jax import Array
from jaxtyping import Float, Float32


def binary_cross_entropy(
    logits: Float[Array, "b 1"], labels: Float32[Array | np.ndarray, " b"]
) -> Float[Array, " b"]:
    """Loss of each row, in nats; from logits, so finite where a probability would round to 1."""
    losses: Array = optax.sigmoid_binary_cross_entropy(logits[:, 0], labels)
    return losses
