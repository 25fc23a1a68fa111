"""One chunk of time steps for many directions of many heads at once."""

from collections.abc import Mapping, Sequence
from itertools import accumulate, islice
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float32

from headstart.heads.cells import CELLS, Weights
from headstart.heads.fused.cell_gradients import ADJOINTS, Gates, Saved
from headstart.heads.fused.chunks import STEPS, DimSize, RaggedRows, gather, real_steps
from headstart.heads.registry import RecurrentHead

Carried = tuple[Array, ...]
"""State of one lane, `[b, u]` each; lanes differ in u."""


class Lane(NamedTuple):
    """One direction of one head; most fields are those of `heads.registry.RecurrentHead`."""

    head: str
    part: str
    cell: str
    units: int
    pooled: bool

    @property
    def reverse(self) -> bool:
        """It reads from the last token to the first."""
        return self.part == "backward"

    @property
    def gates(self) -> int:
        """Gates of its cell."""
        return CELLS[self.cell].gates


def lanes_of(heads: Mapping[str, RecurrentHead]) -> tuple[Lane, ...]:
    """The directions of all heads; those that read forwards come first."""
    return tuple(
        Lane(name, part, head.cell, head.units, head.pooled)
        for part in ("forward", "backward")
        for name, head in heads.items()
        if part == "forward" or head.bidirectional
    )


def zero_states(lanes: Sequence[Lane], rows: DimSize) -> tuple[Carried, ...]:
    """States before the first step."""
    return tuple((jnp.zeros((rows, lane.units)),) * CELLS[lane.cell].states for lane in lanes)


def by_direction(lanes: Sequence[Lane]) -> list[list[int]]:
    """Numbers of the lanes that read forwards, and of those that read backwards."""
    directions = [[n for n, lane in enumerate(lanes) if lane.reverse is reverse] for reverse in (False, True)]
    return [numbers for numbers in directions if numbers]


def project(
    weights: Sequence[Weights], lanes: Sequence[Lane], rows: RaggedRows, number: Array, dtype: Any
) -> list[Gates]:
    """The input's share of every gate of every lane in a chunk, `[STEPS, b, u]` each."""
    shares: list[Gates] = [()] * len(lanes)
    for numbers in by_direction(lanes):
        kernels = jnp.concatenate([weights[n]["kernel"] for n in numbers], axis=1)
        bias = jnp.concatenate([jnp.atleast_2d(weights[n]["bias"])[0] for n in numbers])
        tokens = gather(rows, number, lanes[numbers[0]].reverse, dtype)
        product = jnp.dot(tokens, kernels.astype(dtype), preferred_element_type=jnp.float32) + bias
        ends = list(accumulate(lanes[n].units for n in numbers for _ in range(lanes[n].gates)))
        parts = iter(jnp.split(product.reshape(STEPS, -1, ends[-1]), ends[:-1], axis=-1))
        for n in numbers:
            shares[n] = tuple(islice(parts, lanes[n].gates))
    return shares


def forward_chunk(
    weights: Sequence[Weights],
    lanes: Sequence[Lane],
    states: Sequence[Carried],
    projected: Sequence[Gates],
    real: Sequence[Array],
) -> tuple[tuple[Carried, ...], list[tuple[Carried, Saved]]]:
    """Take all lanes through a chunk in one scan; rows whose token is padding keep their state.

    Returns:
        The states after it, and for each lane the states before each step and what the cell kept, stacked.
    """

    def step(states: Any, tokens: Any) -> Any:
        after, kept = [], []
        for lane, weight, state, share, mask in zip(lanes, weights, states, *tokens, strict=True):
            new, saved = ADJOINTS[lane.cell].forward(weight, state, share)
            after.append(keep_padded(mask, new, state))
            kept.append((state, saved))
        return tuple(after), kept

    after, kept = lax.scan(step, tuple(states), (list(projected), list(real)))
    return after, kept


def backward_chunk(
    weights: Sequence[Weights],
    lanes: Sequence[Lane],
    slopes: Sequence[Carried],
    kept: Sequence[tuple[Carried, Saved]],
    more: Sequence[Array | None],
    real: Sequence[Array],
) -> tuple[tuple[Carried, ...], list[Gates]]:
    """Take gradients back through a chunk.

    Args:
        weights: Weights of each lane.
        lanes: The lanes.
        slopes: Gradient of the state after the chunk, of each lane.
        kept: What `forward_chunk` kept of each lane.
        more: Gradient of each step's output `[STEPS, b, u]`, or None.
        real: True at real tokens, `[STEPS, b]`.

    Returns:
        The gradient of the states before the chunk, and of each lane's gates, `[STEPS, b, u]`.
    """
    kernels = [weight["recurrent_kernel"].T for weight in weights]

    def step(slopes: Any, tokens: Any) -> Any:
        before, gates = [], []
        for lane, kernel, slope, (state, saved), extra, mask in zip(
            lanes, kernels, slopes, *tokens, strict=True
        ):
            slope = slope if extra is None else (slope[0] + extra, *slope[1:])
            zeros = jax.tree.map(jnp.zeros_like, slope)
            adjoint = ADJOINTS[lane.cell]
            handed = adjoint.backward(state, saved, keep_padded(mask, slope, zeros))
            recurrent = jnp.concatenate([handed.gates[n] for n in adjoint.recurrent], axis=-1)
            through = (handed.state[0] + recurrent @ kernel, *handed.state[1:])
            before.append(keep_padded(mask, through, slope))
            gates.append(handed.gates)
        return tuple(before), gates

    before, gates = lax.scan(step, tuple(slopes), (list(kept), list(more), list(real)), reverse=True)
    return before, gates


def keep_padded(mask: Array, new: Carried, old: Carried) -> Carried:
    """`new` in rows whose token is real, else `old`."""
    return tuple(jnp.where(mask[:, None], n, o) for n, o in zip(new, old, strict=True))


def weight_slopes(
    lanes: Sequence[Lane],
    rows: RaggedRows,
    number: Array,
    dtype: Any,
    kept: Sequence[tuple[Carried, Saved]],
    gates: Sequence[Gates],
) -> list[dict[str, Array]]:
    """A chunk's share of the gradient of every lane's weights, transposed: see `transposed`.

    One matmul for all kernels of a direction.
    """
    slopes: list[dict[str, Array]] = [{}] * len(lanes)
    for numbers in by_direction(lanes):
        tokens = gather(rows, number, lanes[numbers[0]].reverse, dtype)
        parts = [gates[n][gate] for n in numbers for gate in ADJOINTS[lanes[n].cell].projected]
        kernels = jnp.dot(as_rows(parts).astype(dtype), tokens, preferred_element_type=jnp.float32)
        ends = list(accumulate(lanes[n].gates * lanes[n].units for n in numbers))
        for n, kernel in zip(numbers, jnp.split(kernels, ends[:-1]), strict=True):
            slopes[n] = {"kernel": kernel, **state_slopes(lanes[n].cell, kept[n][0][0], gates[n])}
    return slopes


def as_rows(gates: Sequence[Array]) -> Float32[Array, "g m"]:
    """Gates `[STEPS, b, u]` with all steps of a unit in one row: the left side of a fast matmul."""
    return jnp.concatenate([gate.reshape(-1, gate.shape[-1]).T for gate in gates])


def state_slopes(cell: str, states: Array, gates: Gates) -> dict[str, Array]:
    """A chunk's share of the gradient of one lane's recurrent kernel, transposed, and bias."""
    adjoint = ADJOINTS[cell]
    kernel = as_rows([gates[n] for n in adjoint.recurrent]) @ states.reshape(-1, states.shape[-1])
    sums = [gate.sum(axis=(0, 1)) for gate in gates]
    bias = jnp.concatenate([sums[n] for n in adjoint.projected])
    if CELLS[cell].bias(1).ndim == 2:
        bias = jnp.stack([bias, jnp.concatenate([sums[n] for n in adjoint.recurrent])])
    return {"recurrent_kernel": kernel, "bias": bias}


def transposed(slopes: Mapping[str, Array]) -> dict[str, Array]:
    """From the kernels' gradients by output to those by input, as kernels are stored."""
    return {name: slope if name == "bias" else slope.T for name, slope in slopes.items()}


def masks(lanes: Sequence[Lane], rows: RaggedRows, number: Array) -> list[Array]:
    """Real steps of a chunk, for each lane."""
    return [real_steps(rows, number, lane.reverse) for lane in lanes]
