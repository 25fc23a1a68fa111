"""Recurrent heads side by side: tokens are read once, chunk by chunk, and all directions of all heads advance together.

The tokens of a chunk (`heads.fused.chunks`) are multiplied by the kernels of all directions at once: one matmul for
those that read forwards, one for those that read backwards. One scan then takes all directions through its steps.
The number of chunks is that of the longest row, known only when it runs: batches of any length share one compiled
program.

The backward pass is written out (`heads.fused.cell_gradients`): the tokens of a chunk are gathered again rather than
kept, and each weight's gradient is one matmul per chunk. `heads.modules` and automatic differentiation are the oracle.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float32

from headstart.heads.cells import Weights
from headstart.heads.fused.cell_gradients import Saved
from headstart.heads.fused.chunks import (
    STEPS,
    RaggedRows,
    RunningPool,
    add_to_pool,
    chunk_count,
    empty_pool,
    pool_gradient,
)
from headstart.heads.fused.lanes import (
    Carried,
    Lane,
    backward_chunk,
    forward_chunk,
    masks,
    project,
    transposed,
    weight_slopes,
    zero_states,
)


class Read(NamedTuple):
    """What a classifier may read of a lane, or the gradient of it.

    Attributes:
        last: Last output.
        mean: Mean over the outputs at real tokens.
        max: Maximum over them.
    """

    last: Float32[Array, "b u"]
    mean: Float32[Array, "b u"]
    max: Float32[Array, "b u"]


class ForwardPass(NamedTuple):
    """What a pass over a batch leaves, for each lane.

    Attributes:
        states: State after the last step.
        pools: Sum and maximum over the outputs at real tokens; None where the head reads the last output.
        kept: State before each step and what the cell kept, `[chunks, STEPS, b, ...]`; None if not asked for.
    """

    states: tuple[Carried, ...]
    pools: tuple[RunningPool | None, ...]
    kept: list[tuple[Carried, Saved]] | None


def forward(
    weights: Sequence[Weights], lanes: Sequence[Lane], rows: RaggedRows, limit: int, dtype: Any, keep: bool
) -> ForwardPass:
    """Take all lanes through all tokens of a batch.

    Args:
        weights: Weights of each lane.
        lanes: The lanes, see `heads.fused.lanes.lanes_of`.
        rows: The batch.
        limit: Tokens of the longest row there can be: memory for so many steps is set aside.
        dtype: Dtype of the operands of the large matmuls, which add up in float32.
        keep: Whether to keep what `backward` needs, too.
    """

    def chunk(number: Array, before: ForwardPass) -> ForwardPass:
        projected, real = project(weights, lanes, rows, number, dtype), masks(lanes, rows, number)
        states, kept = forward_chunk(weights, lanes, before.states, projected, real)
        outputs = outputs_of(kept, states)
        pools = tuple(
            None if pool is None else add_to_pool(pool, output, mask)
            for pool, output, mask in zip(before.pools, outputs, real, strict=True)
        )
        return ForwardPass(states, pools, None if before.kept is None else store(before.kept, kept, number))

    b = rows.lengths.shape[0]  # not len(): an exported program leaves it open
    states = zero_states(lanes, b)
    pools = tuple(empty_pool(b, lane.units) if lane.pooled else None for lane in lanes)
    kept = allocate(weights, lanes, states, -(-limit // STEPS)) if keep else None
    after: ForwardPass = lax.fori_loop(0, chunk_count(rows), chunk, ForwardPass(states, pools, kept))
    return after


def reads(after: ForwardPass, rows: RaggedRows) -> tuple[Read, ...]:
    """What the classifiers may read of each lane; mean and maximum mean nothing where the head is not pooled."""
    count = rows.lengths[:, None].astype(jnp.float32)
    return tuple(
        Read(state[0], *((state[0],) * 2 if pool is None else (pool.total / count, pool.max)))
        for state, pool in zip(after.states, after.pools, strict=True)
    )


def backward(
    weights: Sequence[Weights],
    lanes: Sequence[Lane],
    rows: RaggedRows,
    dtype: Any,
    after: ForwardPass,
    slopes: Sequence[Read],
) -> list[dict[str, Array]]:
    """Gradient of each lane's weights.

    Args:
        weights: Weights that `forward` took, like the next three.
        lanes: The lanes.
        rows: The batch.
        dtype: Dtype of the operands of the large matmuls.
        after: What `forward` left, what it kept included.
        slopes: Gradient of what was read of each lane.
    """
    count, length = chunk_count(rows), rows.lengths[:, None].astype(jnp.float32)

    def chunk(turn: Array, carry: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
        down, states, totals = carry
        number = count - 1 - turn
        kept: Any = jax.tree.map(lambda buffer: buffer[number], after.kept)
        real = masks(lanes, rows, number)
        more = [
            None if pool is None else pool_gradient(pool, slope.mean / length, slope.max, output, mask)
            for pool, slope, output, mask in zip(
                after.pools, slopes, outputs_of(kept, states), real, strict=True
            )
        ]
        down, gates = backward_chunk(weights, lanes, down, kept, more, real)
        added = weight_slopes(lanes, rows, number, dtype, kept, gates)
        first = tuple(jax.tree.map(lambda values: values[0], state) for state, _ in kept)
        return down, first, jax.tree.map(jnp.add, totals, added)

    zeros = zero_states(lanes, len(rows.lengths))
    down = tuple((slope.last, *rest[1:]) for slope, rest in zip(slopes, zeros, strict=True))
    totals = [jax.tree.map(jnp.zeros_like, transposed(weight)) for weight in weights]
    slope_of: list[dict[str, Array]] = lax.fori_loop(0, count, chunk, (down, after.states, totals))[2]
    return [transposed(slope) for slope in slope_of]


def outputs_of(kept: Sequence[tuple[Carried, Saved]], after: Sequence[Carried]) -> list[Array]:
    """Outputs of all steps of a chunk: the states before them, one step later."""
    return [
        jnp.concatenate([before[0][1:], state[0][None]])
        for (before, _), state in zip(kept, after, strict=True)
    ]


def allocate(
    weights: Sequence[Weights], lanes: Sequence[Lane], states: Sequence[Carried], chunks: int
) -> Any:
    """Memory for what `forward_chunk` keeps of so many chunks; each is written before it is read."""

    def kept_once() -> Any:
        b = len(states[0][0])
        shares = [(jnp.zeros((STEPS, b, lane.units)),) * lane.gates for lane in lanes]
        return forward_chunk(weights, lanes, states, shares, [jnp.zeros((STEPS, b), bool)] * len(lanes))[1]

    shapes = jax.eval_shape(kept_once)
    return jax.tree.map(lambda leaf: lax.empty((chunks, *leaf.shape), leaf.dtype), shapes)


def store(buffers: Any, values: Any, number: Array) -> Any:
    """Store what one chunk kept."""
    return jax.tree.map(
        lambda buffer, value: lax.dynamic_update_index_in_dim(buffer, value, number, 0), buffers, values
    )
