"""Pool the rows of a batch where their hidden states are: first, maximum and mean vector of each, in float32."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
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
    """Pool each row at each of m layers; what comes of places that are no rows holds no meaning.

    Args:
        states: Hidden states of each layer; no row is longer than a sequence.
        rows: Where the rows are.
        on_cpu: Whether a token is added to its row after the one before it: on a CPU that was ten times as fast as
            windows, however many rows there are. An accelerator does it in any order, and slowly.
    """
    longest, width = states[0].shape[1:]
    tokens = [state.reshape(-1, width).astype(jnp.float32) for state in states]
    pool = _one_by_one(rows, len(tokens[0])) if on_cpu else _in_windows(rows, longest)
    highest, total = (jnp.stack(parts, axis=1) for parts in zip(*map(pool, tokens), strict=True))
    first = jnp.stack([values[rows.starts] for values in tokens], axis=1)
    return jnp.stack([first, highest, total / rows.lengths[:, None, None]], axis=2)


Pool = Callable[[Float32[Array, "n d"]], tuple[Array, Array]]
"""From tokens to the maximum and the sum of each row."""


def _one_by_one(rows: RowPlaces, tokens: int) -> Pool:
    """Go over so many tokens, one after another."""
    count, places = len(rows.starts), jnp.arange(tokens)[:, None]
    inside = (places >= rows.starts) & (places < rows.starts + rows.lengths)
    owners = jnp.where(inside, jnp.arange(count), count).min(axis=1)
    unchecked = lax.GatherScatterMode.PROMISE_IN_BOUNDS  # padding has a place of its own, behind the rows

    def pool(values: Float32[Array, "n d"]) -> tuple[Array, Array]:
        highest = jax.ops.segment_max(values, owners, count + 1, mode=unchecked)
        total = jax.ops.segment_sum(values, owners, count + 1, mode=unchecked)
        return highest[:count], total[:count]

    return pool


def _in_windows(rows: RowPlaces, longest: Any) -> Pool:
    """Read as many tokens behind each row's start as a sequence has; an exported program knows the number late."""
    steps = jnp.arange(longest)
    inside = (steps < rows.lengths[:, None])[..., None]

    def pool(values: Float32[Array, "n d"]) -> tuple[Array, Array]:
        windows = values.at[rows.starts[:, None] + steps].get(mode="clip")
        return jnp.where(inside, windows, -jnp.inf).max(axis=1), jnp.where(inside, windows, 0).sum(axis=1)

    return pool
