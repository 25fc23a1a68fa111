"""Softmax attention within each row of a sequence, in the way that suits the numbers and the device.

Queries come scaled, see `score_scale`. `same_row` is `[b, t, t]`.
"""

from math import log2, sqrt
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Float32

from headstart.extract.backbone.bfloat16 import exp2, round_to
from headstart.extract.backbone.precision import Precision

MASKED = -1e30
"""Score of masked tokens, the stock model's; in float32 it leaves exactly no weight."""
NEAR = 64.0
"""Powers of 2 between a token's own score and what stands for its row's highest: half of the way to 0."""

Heads = Float[Array, "b t h e"]
SameRow = Bool[Array, "b t t"]


def score_scale(width: int, precision: Precision) -> float:
    """Factor of queries `width` wide; that of `attend_mixed` is for powers of 2, not of e."""
    # Asked as `extract.backbone.packed_forward` asks, by the two dtypes.
    mixed = precision.activations == "float32" and precision.operands == "bfloat16"
    return (log2(jnp.e) if mixed else 1.0) / sqrt(width)


def attend_exactly(q: Heads, k: Heads, v: Heads, same_row: SameRow) -> Float32[Array, "b t h e"]:
    """Float32 throughout, in the very operations that XLA fuses to one on a CPU."""
    q, k, v = (x.swapaxes(1, 2) for x in (q, k, v))
    scores = jnp.where(same_row[:, None], jnp.matmul(q, k.swapaxes(2, 3)), MASKED)
    return jnp.matmul(jax.nn.softmax(scores, axis=-1), v).swapaxes(1, 2)


def attend_mixed(qkv: Float32[Array, "b t 3 h e"], same_row: SameRow) -> Float[Array, "b t h e"]:
    """Both products of bfloat16 with float32 sums, the rest float32; shaped for CPUs that multiply bfloat16.

    Its form is what XLA makes a fast program of: products with one batch axis, else they run in float32; powers of 2
    by our polynomial, else XLA takes them in the products' loops, slowly; weights kept in bfloat16 by a barrier.

    Returns:
        Context of each token in bfloat16.
    """
    b, t, _, h, e = qkv.shape
    half = jnp.dtype(jnp.bfloat16)
    q, k, v = jnp.moveaxis(lax.optimization_barrier(round_to(qkv, half)), 2, 0)
    q, v = (x.swapaxes(1, 2).reshape(b * h, t, e) for x in (q, v))
    k = k.transpose(0, 2, 3, 1).reshape(b * h, e, t)
    scores = jnp.matmul(q, k, preferred_element_type=jnp.float32).reshape(b, h, t, t)
    weights = jnp.where(same_row[:, None], exp2(scores, _near_maximum(scores, same_row)), 0.0)
    rounded: Array = lax.optimization_barrier(round_to(weights, half).reshape(b * h, t, t))
    total = rounded.astype(jnp.float32).sum(axis=-1, keepdims=True)
    context = jnp.matmul(rounded, v, preferred_element_type=jnp.float32) / total
    return context.reshape(b, h, t, e).astype(half).swapaxes(1, 2)


def _near_maximum(scores: Float32[Array, "b h t t"], same_row: SameRow) -> Float32[Array, "b h t 1"]:
    """A whole number near each token's highest score within its row.

    Which one does not matter, as `exp2` gives the same digits with each; only weights that are less than 2^-62 of the
    row's highest may become 0. The maximum over all rows of the sequence will do, and takes no pass over the scores to
    mask them, unless a token's score with itself lies far below, anywhere in the batch.
    """
    highest = scores.max(axis=-1)
    far = highest - jnp.diagonal(scores, axis1=2, axis2=3)
    maximum: Array = lax.cond(
        far.max() <= NEAR,
        lambda: highest,
        lambda: jnp.where(same_row[:, None], scores, MASKED).max(axis=-1),
    )
    return jnp.trunc(maximum)[..., None]


def attend_half(
    q: Heads, k: Heads, v: Heads, same_row: SameRow, implementation: Any
) -> Float[Array, "b t h e"]:
    """JAX's own attention, for accelerators; on a CPU it is the slowest."""
    q, k, v = (x.astype(jnp.bfloat16) for x in (q, k, v))
    mask = same_row[:, None]
    return jax.nn.dot_product_attention(q, k, v, mask=mask, scale=1.0, implementation=implementation)
