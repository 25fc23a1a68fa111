"""Pool the rows of a batch where their hidden states are: first, maximum and mean vector of each, in float32."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, Int


class RowPlaces(NamedTuple):
    """Where a device finds the rows of its sequences.

    Attributes:
        starts: Position of each row's first token, sequence after sequence.
        lengths: Tokens of each row, at least 1. Behind the rows may come some that are none: of one token, at 0.
    """

    starts: Int[np.ndarray | Array, "*s r"]
    lengths: Int[np.ndarray | Array, "*s r"]


def pool_layers(
    states: Sequence[Float[Array, "b t d"]], rows: RowPlaces, on_cpu: bool
) -> Float32[Array, "r m 3 d"]:
    """Pool each row at each of m layers, see `pool`."""
    return jnp.stack([pool(hidden, rows, on_cpu) for hidden in states], axis=1)


def pool(hidden: Float[Array, "b t d"], rows: RowPlaces, on_cpu: bool) -> Float32[Array, "r 3 d"]:
    """Pool each row; what comes of places that are no rows holds no meaning.

    Args:
        hidden: Hidden states; no row is longer than a sequence.
        rows: Where the rows are.
        on_cpu: Whether tokens are added to their rows one after another: on a CPU that took a tenth of the time of
            windows, however many rows there are; an accelerator adds them in any order, and slowly.
    """
    tokens = hidden.reshape(-1, hidden.shape[-1]).astype(jnp.float32)
    highest, total = _one_by_one(tokens, rows) if on_cpu else _in_windows(tokens, rows, hidden.shape[1])
    return jnp.stack([tokens[rows.starts], highest, total / rows.lengths[:, None]], axis=1)


def _one_by_one(tokens: Float32[Array, "n d"], rows: RowPlaces) -> tuple[Array, Array]:
    """Maximum and sum of each row."""
    count = len(rows.starts)
    places = jnp.arange(len(tokens))[:, None]
    inside = (places >= rows.starts) & (places < rows.starts + rows.lengths)
    owners = jnp.where(inside, jnp.arange(count), count).min(axis=1)  # padding is nobody's
    return jax.ops.segment_max(tokens, owners, count), jax.ops.segment_sum(tokens, owners, count)


def _in_windows(tokens: Float32[Array, "n d"], rows: RowPlaces, longest: int) -> tuple[Array, Array]:
    """The same, from as many tokens behind each row's start as a sequence has."""
    steps = jnp.arange(longest)
    windows = tokens.at[rows.starts[:, None] + steps].get(mode="clip")
    inside = (steps < rows.lengths[:, None])[..., None]
    return jnp.where(inside, windows, -jnp.inf).max(axis=1), jnp.where(inside, windows, 0).sum(axis=1)
