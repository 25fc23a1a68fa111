"""From one vector per token to one vector per row.

Every row has at least one real token, and real tokens come first: padding is on the right. What stands in
the padding never counts, not even NaN.
"""

import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Float32

POOLED = ("cls", "max", "mean")
"""What axis 1 of `pooled [b, 3, d]` holds, here and in the feature cache."""


def zero_padding(hidden: Float[Array, "b t d"], mask: Bool[Array, "b t"]) -> Float32[Array, "b t d"]:
    """Hidden states in float32, zero at padding."""
    # not hidden * mask: 0 * nan is nan
    return jnp.where(mask[..., None], hidden, 0).astype(jnp.float32)


def masked_mean(hidden: Float[Array, "b t d"], mask: Bool[Array, "b t"]) -> Float32[Array, "b d"]:
    """Mean over the real tokens of each row."""
    return zero_padding(hidden, mask).sum(axis=1) / mask.sum(axis=1, keepdims=True, dtype=jnp.float32)


def masked_max(hidden: Float[Array, "b t d"], mask: Bool[Array, "b t"]) -> Float32[Array, "b d"]:
    """Largest value over the real tokens of each row, for each of the d features."""
    # -inf, not zero: all real values of a feature may be negative
    return jnp.where(mask[..., None], hidden, -jnp.inf).max(axis=1).astype(jnp.float32)


def mean_and_max(hidden: Float[Array, "b t d"], mask: Bool[Array, "b t"]) -> Float32[Array, "b 2*d"]:
    """Mean and max over the real tokens, concatenated in the notebook's order: mean first."""
    return jnp.concatenate([masked_mean(hidden, mask), masked_max(hidden, mask)], axis=-1)


def pool(hidden: Float[Array, "b t d"], mask: Bool[Array, "b t"]) -> Float32[Array, "b 3 d"]:
    """All that a pooling head may read: [CLS], max and mean over the real tokens, as `POOLED` orders them."""
    cls = hidden[:, 0].astype(jnp.float32)
    return jnp.stack([cls, masked_max(hidden, mask), masked_mean(hidden, mask)], axis=1)


def select(pooled: Float[Array, "b 3 d"], read: tuple[str, ...]) -> Float32[Array, "b f"]:
    """The pooled vectors named in `read`, concatenated in that order."""
    vectors = [pooled[:, POOLED.index(name)] for name in read]
    return jnp.concatenate(vectors, axis=-1).astype(jnp.float32)


def concatenate(layers: Float[Array, "b m 3 d"], read: tuple[str, ...]) -> Float32[Array, "b m f"]:
    """The pooled vectors named in `read` of each layer, concatenated in that order."""
    vectors = [layers[:, :, POOLED.index(name)] for name in read]
    return jnp.concatenate(vectors, axis=-1).astype(jnp.float32)
