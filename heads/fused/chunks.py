"""A batch of a ragged table, cut into chunks of time steps; and mean and maximum over time, chunk by chunk."""

from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Bool, Float, Float32, Int

DimSize = Any
"""A whole number, or the symbol of a size that an exported program leaves open."""

STEPS = 16
"""Time steps of a chunk: its matmul has 16 * 128 rows, enough for full speed, and its results stay in cache."""


@runtime_checkable
class RaggedRows(Protocol):
    """A batch of rows of a ragged table; fields are arrays, or None where no head reads them."""

    @property
    def hidden(self) -> Any:
        """Tokens of all rows of the table, row after row, [n, d]; bfloat16 may come as the uint16 of its bits.

        XLA on CPU gathers bfloat16 by making float32 of the whole table first, in every chunk.
        """

    @property
    def starts(self) -> Any:
        """Where each row of the batch begins in `hidden`, [b]."""

    @property
    def lengths(self) -> Any:
        """Tokens of each row of the batch, at least 1, [b]."""

    @property
    def pooled(self) -> Any:
        """First, maximum and mean vector of each row of the batch, [b, 3, d], see `heads.pooling.pool`."""


def chunk_count(rows: RaggedRows) -> Int[Array, ""]:
    """Chunks that hold the longest row; known only when it runs."""
    longest: Array = rows.lengths.max()
    return -(-longest // STEPS)


def tokens_at(rows: RaggedRows, number: Int[Array, ""], reverse: bool) -> Int[Array, "steps 1"]:
    """Position in its row of every token of a chunk; backwards, the batch's end comes first."""
    first = chunk_count(rows) - 1 - number if reverse else number
    steps = jnp.arange(STEPS)[:, None]
    return first * STEPS + (steps[::-1] if reverse else steps)


def real_steps(rows: RaggedRows, number: Int[Array, ""], reverse: bool) -> Bool[Array, "steps b"]:
    """True where the chunk holds a real token; backwards, a row's padding comes before its tokens."""
    return jnp.less(tokens_at(rows, number, reverse), rows.lengths)


def gather(rows: RaggedRows, number: Int[Array, ""], reverse: bool, dtype: Any) -> Float[Array, "m d"]:
    """The tokens of a chunk, all rows of a step side by side, zero at padding."""
    real = real_steps(rows, number, reverse)
    places = jnp.where(real, rows.starts + tokens_at(rows, number, reverse), 0).reshape(-1)
    tokens = rows.hidden.at[places].get(mode="promise_in_bounds")
    if tokens.dtype == jnp.uint16:
        tokens = lax.bitcast_convert_type(tokens, jnp.bfloat16)
    # zeroed, not only skipped later: the kernel's gradient multiplies padding by 0, and 0 * nan is nan
    return jnp.where(real.reshape(-1, 1), tokens.astype(dtype), 0)


class RunningPool(NamedTuple):
    """Sum and maximum over the outputs at real tokens so far.

    Attributes:
        total: Sum of the outputs.
        max: Largest output of each unit.
        ties: Number of outputs as large.
    """

    total: Float32[Array, "b u"]
    max: Float32[Array, "b u"]
    ties: Float32[Array, "b u"]


def empty_pool(rows: DimSize, units: int) -> RunningPool:
    """Sum and maximum over no outputs."""
    zeros = jnp.zeros((rows, units))
    return RunningPool(zeros, jnp.full_like(zeros, -jnp.inf), zeros)


def add_to_pool(pool: RunningPool, outputs: Float32[Array, "t b u"], real: Bool[Array, "t b"]) -> RunningPool:
    """Include the outputs of a chunk."""
    kept = jnp.where(real[..., None], outputs, -jnp.inf)
    largest = jnp.maximum(pool.max, kept.max(axis=0))
    ties = jnp.where(pool.max == largest, pool.ties, 0) + ((kept == largest) & real[..., None]).sum(axis=0)
    return RunningPool(pool.total + jnp.where(real[..., None], outputs, 0).sum(axis=0), largest, ties)


def pool_gradient(
    pool: RunningPool,
    of_total: Float32[Array, "b u"],
    of_max: Float32[Array, "b u"],
    outputs: Float32[Array, "t b u"],
    real: Bool[Array, "t b"],
) -> Float32[Array, "t b u"]:
    """Gradient of a chunk's outputs from those of the sum and the maximum; equal maxima share, as in `jnp.max`."""
    slopes = of_total + jnp.where(outputs == pool.max, of_max / pool.ties, 0)
    return jnp.where(real[..., None], slopes, 0)
