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
    """Pool each row at each of m layers; what comes of places that are no rows holds no meaning.

    Args:
        states: Hidden states of each layer; no row is longer than a sequence.
        rows: Where the rows are.
        on_cpu: Whether a token is added to its row after the one before it, at all layers at once: on a CPU that was
            ten times as fast as windows, however many rows there are. An accelerator does it in any order, and slowly.
    """
    width = states[0].shape[-1]
    tokens = [state.reshape(-1, width).astype(jnp.float32) for state in states]
    if not on_cpu:
        longest = states[0].shape[1]
        return jnp.stack(
            [_pool(values, rows, *_in_windows(values, rows, longest)) for values in tokens], axis=1
        )
    # One loop over the tokens for all layers: one for each took longer to compile.
    beside = jnp.concatenate(tokens, axis=1)
    pooled = _pool(beside, rows, *_one_by_one(beside, rows))
    return pooled.reshape(-1, 3, len(states), width).swapaxes(1, 2)


def _pool(
    tokens: Float32[Array, "n d"], rows: RowPlaces, highest: Array, total: Array
) -> Float32[Array, "r 3 d"]:
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
