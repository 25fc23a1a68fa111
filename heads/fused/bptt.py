"""Recurrent heads side by side: tokens are read once, chunk by chunk, and all directions of all heads advance together.

The tokens of a chunk (`heads.fused.chunks`) are multiplied by the kernels of all directions at once: one matmul for
those that read forwards, one for those that read backwards. One scan then takes all directions through its steps.
The number of chunks is that of the longest row, known only when it runs: batches of any length share one compiled
program.

The way back is written out (`heads.fused.cell_gradients`): the tokens of a chunk are gathered again rather than kept,
and each weight's gradient is one matmul per chunk. `heads.modules.logits_of` and automatic
differentiation are the oracle.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float32

from headstart.heads.cells import Weights
from headstart.heads.fused.cell_gradients import Saved
from headstart.heads.fused.chunks import STEPS, Rows, chunk_count
from headstart.heads.fused.lanes import (
    Carried,
    Lane,
    advance,
    masks,
    project,
    retreat,
    transposed,
    weight_slopes,
    zero_states,
)
from headstart.heads.fused.running_pool import Running, running, running_start, spread

Tree = Any


class Read(NamedTuple):
    """What a classifier may read of a lane, or the gradient of it.

    Attributes:
        last: the last output.
        mean: over the outputs at real tokens.
        max: likewise.
    """

    last: Float32[Array, "b u"]
    mean: Float32[Array, "b u"]
    max: Float32[Array, "b u"]


class Walk(NamedTuple):
    """What a pass over a batch leaves, for each lane.

    Attributes:
        states: after the last step.
        pools: sum and maximum over the outputs at real tokens; None where the head reads the last output.
        kept: state before each step and what the cell kept, `[chunks, STEPS, b, ...]`; None if not asked for.
    """

    states: tuple[Carried, ...]
    pools: tuple[Running | None, ...]
    kept: list[tuple[Carried, Saved]] | None


def walk(
    weights: Sequence[Weights], lanes: Sequence[Lane], rows: Rows, limit: int, dtype: Any, keep: bool
) -> Walk:
    """Take all lanes through all tokens of a batch.

    Args:
        weights: of each lane.
        lanes: see `heads.fused.lanes.lanes_of`.
        rows: the batch.
        limit: tokens of the longest row there can be: memory for so many steps is set aside.
        dtype: of the operands of the large matmuls, which add up in float32.
        keep: what `walk_back` needs, too.
    """

    def chunk(number: Array, found: Walk) -> Walk:
        projected, real = project(weights, lanes, rows, number, dtype), masks(lanes, rows, number)
        states, kept = advance(weights, lanes, found.states, projected, real)
        outputs = outputs_of(kept, states)
        pools = tuple(
            None if pool is None else running(pool, output, mask)
            for pool, output, mask in zip(found.pools, outputs, real, strict=True)
        )
        return Walk(states, pools, None if found.kept is None else put(found.kept, kept, number))

    b = rows.lengths.shape[0]  # not len(): an exported program leaves it open
    states = zero_states(lanes, b)
    pools = tuple(running_start(b, lane.units) if lane.pooled else None for lane in lanes)
    kept = room(weights, lanes, states, -(-limit // STEPS)) if keep else None
    found: Walk = lax.fori_loop(0, chunk_count(rows), chunk, Walk(states, pools, kept))
    return found


def reads(found: Walk, rows: Rows) -> tuple[Read, ...]:
    """What the classifiers may read of each lane; mean and maximum mean nothing where the head is not pooled."""
    count = rows.lengths[:, None].astype(jnp.float32)
    return tuple(
        Read(state[0], *((state[0],) * 2 if pool is None else (pool.total / count, pool.max)))
        for state, pool in zip(found.states, found.pools, strict=True)
    )


def walk_back(
    weights: Sequence[Weights],
    lanes: Sequence[Lane],
    rows: Rows,
    dtype: Any,
    found: Walk,
    slopes: Sequence[Read],
) -> list[dict[str, Array]]:
    """Gradient of each lane's weights.

    Args:
        weights: as given to `walk`, like the next three.
        lanes: which.
        rows: the batch.
        dtype: of the operands of the large matmuls.
        found: what `walk` left when told to keep.
        slopes: gradient of what was read of each lane.
    """
    count, length = chunk_count(rows), rows.lengths[:, None].astype(jnp.float32)

    def chunk(turn: Array, carry: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
        down, after, totals = carry
        number = count - 1 - turn
        kept: Any = jax.tree.map(lambda buffer: buffer[number], found.kept)
        real = masks(lanes, rows, number)
        more = [
            None if pool is None else spread(pool, slope.mean / length, slope.max, output, mask)
            for pool, slope, output, mask in zip(
                found.pools, slopes, outputs_of(kept, after), real, strict=True
            )
        ]
        down, gates = retreat(weights, lanes, down, kept, more, real)
        added = weight_slopes(lanes, rows, number, dtype, kept, gates)
        first = tuple(jax.tree.map(lambda states: states[0], state) for state, _ in kept)
        return down, first, jax.tree.map(jnp.add, totals, added)

    zeros = zero_states(lanes, len(rows.lengths))
    down = tuple((slope.last, *rest[1:]) for slope, rest in zip(slopes, zeros, strict=True))
    totals = [jax.tree.map(jnp.zeros_like, transposed(own)) for own in weights]
    slope_of: list[dict[str, Array]] = lax.fori_loop(0, count, chunk, (down, found.states, totals))[2]
    return [transposed(own) for own in slope_of]


def outputs_of(kept: Sequence[tuple[Carried, Saved]], after: Sequence[Carried]) -> list[Array]:
    """Outputs of all steps of a chunk: the states before them, one step later."""
    return [
        jnp.concatenate([before[0][1:], state[0][None]])
        for (before, _), state in zip(kept, after, strict=True)
    ]


def room(weights: Sequence[Weights], lanes: Sequence[Lane], states: Sequence[Carried], chunks: int) -> Any:
    """Memory for what `advance` keeps of so many chunks; each is written before it is read."""

    def kept_once() -> Any:
        b = len(states[0][0])
        shares = [(jnp.zeros((STEPS, b, lane.units)),) * lane.gates for lane in lanes]
        return advance(weights, lanes, states, shares, [jnp.zeros((STEPS, b), bool)] * len(lanes))[1]

    shapes = jax.eval_shape(kept_once)
    return jax.tree.map(lambda leaf: lax.empty((chunks, *leaf.shape), leaf.dtype), shapes)


def put(buffers: Any, values: Any, number: Array) -> Any:
    """Store what one chunk kept."""
    return jax.tree.map(
        lambda buffer, value: lax.dynamic_update_index_in_dim(buffer, value, number, 0), buffers, values
    )
