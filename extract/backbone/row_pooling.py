"""Pool the rows of a batch where their hidden states are: first, maximum and mean vector of each, in float32."""

from collections.abc import Sequence
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
    if on_cpu:
        first, highest, total = _one_by_one(tokens, rows)
    else:
        first, highest, total = _in_windows(tokens, rows, longest)
    return jnp.stack([first, highest, total / rows.lengths[:, None, None]], axis=2)


def _one_by_one(
    tokens: Sequence[Float32[Array, "n d"]], rows: RowPlaces
) -> tuple[Float32[Array, "r m d"], ...]:
    """Go over the tokens, one after another; all layers of one are one vector, as there is a cost for each."""
    count, shape = len(rows.starts), (-1, len(tokens), tokens[0].shape[1])
    values = jnp.concatenate(tokens, axis=1)
    places = jnp.arange(len(values))[:, None]
    inside = (places >= rows.starts) & (places < rows.starts + rows.lengths)
    owners = jnp.where(inside, jnp.arange(count), count).min(axis=1)
    unchecked = lax.GatherScatterMode.PROMISE_IN_BOUNDS  # padding has a place of its own, behind the rows
    highest = jax.ops.segment_max(values, owners, count + 1, mode=unchecked)[:count]
    total = jax.ops.segment_sum(values, owners, count + 1, mode=unchecked)[:count]
    return tuple(part.reshape(shape) for part in (values[rows.starts], highest, total))


def _in_windows(
    tokens: Sequence[Float32[Array, "n d"]], rows: RowPlaces, longest: Any
) -> tuple[Float32[Array, "r m d"], ...]:
    """Read as many tokens behind each row's start as a sequence has; an exported program knows the number late."""
    steps = jnp.arange(longest)
    inside = (steps < rows.lengths[:, None])[..., None]
    windows = [values.at[rows.starts[:, None] + steps].get(mode="clip") for values in tokens]
    highest = [jnp.where(inside, window, -jnp.inf).max(axis=1) for window in windows]
    total = [jnp.where(inside, window, 0).sum(axis=1) for window in windows]
    first = [values[rows.starts] for values in tokens]
    return tuple(jnp.stack(parts, axis=1) for parts in (first, highest, total))
