"""A batch of a ragged table, cut into chunks of time steps."""

from typing import Any, Protocol, runtime_checkable

import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Bool, Float, Int

DimSize = Any
"""A whole number, or the symbol of a size that an exported program leaves open."""
STEPS = 16
"""Time steps of a chunk: its matmul has 16 * 128 rows, enough for full speed, and its results stay in cache."""


@runtime_checkable
class Rows(Protocol):
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
        """Of each row of the batch, see `heads.pooling.pool`, [b, 3, d]."""


def chunk_count(rows: Rows) -> Int[Array, ""]:
    """Chunks that hold the longest row; known only when it runs."""
    longest: Array = rows.lengths.max()
    return -(-longest // STEPS)


def tokens_at(rows: Rows, number: Int[Array, ""], reverse: bool) -> Int[Array, "steps 1"]:
    """Position in its row of every token of a chunk; backwards, the batch's end comes first."""
    first = chunk_count(rows) - 1 - number if reverse else number
    steps = jnp.arange(STEPS)[:, None]
    return first * STEPS + (steps[::-1] if reverse else steps)


def real_steps(rows: Rows, number: Int[Array, ""], reverse: bool) -> Bool[Array, "steps b"]:
    """True where the chunk holds a real token; backwards, a row's padding comes before its tokens."""
    return jnp.less(tokens_at(rows, number, reverse), rows.lengths)


def gather(rows: Rows, number: Int[Array, ""], reverse: bool, dtype: Any) -> Float[Array, "m d"]:
    """The tokens of a chunk, all rows of a step side by side, zero at padding."""
    real = real_steps(rows, number, reverse)
    places = jnp.where(real, rows.starts + tokens_at(rows, number, reverse), 0).reshape(-1)
    found = rows.hidden.at[places].get(mode="promise_in_bounds")
    if found.dtype == jnp.uint16:
        found = lax.bitcast_convert_type(found, jnp.bfloat16)
    tokens = found.astype(dtype)
    # zeroed, not only skipped later: the kernel's gradient multiplies padding by 0, and 0 * nan is nan
    return jnp.where(real.reshape(-1, 1), tokens, 0)
