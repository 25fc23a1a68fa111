"""One chunk for several lanes against each lane's step after step."""

import jax.numpy as jnp
import numpy as np
import pytest

from headstart.heads import HEADS
from headstart.heads.cells import CELLS
from headstart.heads.fused.chunks import STEPS, gather
from headstart.heads.fused.lanes import (
    backward_chunk,
    by_direction,
    forward_chunk,
    keep_padded,
    lanes_of,
    masks,
    project,
    zero_states,
)
from headstart.heads.fused.ragged import Ragged

NAMES, WIDTH = ("gru", "bilstm_pooled"), 5
LANES = lanes_of({name: HEADS[name] for name in NAMES})
LENGTHS = np.array([7, STEPS, 1])


@pytest.fixture
def rows():
    hidden = np.random.default_rng(0).normal(size=(LENGTHS.sum(), WIDTH)).astype(np.float32)
    return Ragged(jnp.asarray(hidden), jnp.asarray(np.cumsum(LENGTHS) - LENGTHS), jnp.asarray(LENGTHS))


@pytest.fixture
def weights():
    rng, drawn = np.random.default_rng(1), []
    for lane in LANES:
        cell = CELLS[lane.cell]
        shapes = {
            "kernel": (WIDTH, cell.gates * lane.units),
            "recurrent_kernel": (lane.units, cell.gates * lane.units),
            "bias": cell.bias(lane.units).shape,
        }
        drawn.append({name: jnp.float32(0.3 * rng.normal(size=shape)) for name, shape in shapes.items()})
    return drawn


def test_directions_that_read_forwards_come_first():
    assert [(lane.head, lane.part) for lane in LANES] == [
        ("gru", "forward"), ("bilstm_pooled", "forward"), ("bilstm_pooled", "backward"),
    ]  # fmt: skip
    assert by_direction(LANES) == [[0, 1], [2]]
    assert [lane.gates for lane in LANES] == [3, 4, 4]


def test_shares_of_the_gates_are_those_of_each_kernel_alone(rows, weights):
    shares = project(weights, LANES, rows, jnp.int32(0), jnp.float32)
    for lane, weight, gates in zip(LANES, weights, shares, strict=True):
        tokens = gather(rows, jnp.int32(0), lane.reverse, jnp.float32)
        expected = tokens @ weight["kernel"] + jnp.atleast_2d(weight["bias"])[0]
        found = jnp.concatenate(gates, axis=-1).reshape(expected.shape)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_chunk_takes_every_lane_through_its_steps(rows, weights):
    shares, real = project(weights, LANES, rows, jnp.int32(0), jnp.float32), masks(LANES, rows, jnp.int32(0))
    after, kept = forward_chunk(weights, LANES, zero_states(LANES, 3), shares, real)
    for n, lane in enumerate(LANES):
        state = zero_states([lane], 3)[0]
        for step in range(STEPS):
            np.testing.assert_allclose(kept[n][0][0][step], state[0], rtol=1e-4, atol=1e-5)
            projected = jnp.concatenate([gate[step] for gate in shares[n]], axis=-1)
            state = keep_padded(real[n][step], CELLS[lane.cell].step(weights[n], state, projected), state)
        for one, other in zip(after[n], state, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_padding_hands_gradients_on_untouched(rows, weights):
    nothing = [jnp.zeros((STEPS, 3), bool)] * len(LANES)
    shares = project(weights, LANES, rows, jnp.int32(0), jnp.float32)
    _, kept = forward_chunk(weights, LANES, zero_states(LANES, 3), shares, nothing)
    slopes = [tuple(part + 1 for part in state) for state in zero_states(LANES, 3)]
    before, gates = backward_chunk(weights, LANES, slopes, kept, [None] * len(LANES), nothing)
    for one, other in zip(before, slopes, strict=True):
        for left, right in zip(one, other, strict=True):
            np.testing.assert_array_equal(left, right)
    assert not any(gate.any() for lane in gates for gate in lane)
