"""All chunks of several lanes against `heads.recurrence` and automatic differentiation, lane by lane."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from headstart.heads import HEADS
from headstart.heads.cells import CELLS
from headstart.heads.fused.bptt import Read, backward, forward, reads
from headstart.heads.fused.chunks import STEPS
from headstart.heads.fused.lanes import lanes_of
from headstart.heads.fused.ragged import Ragged
from headstart.heads.pooling import masked_max, masked_mean
from headstart.heads.recurrence import project, recur

from .test_lanes import WIDTH

LANES = lanes_of({name: HEADS[name] for name in ("lstm", "bigru_pooled")})
LENGTHS = np.array([STEPS + 5, 3, 2 * STEPS])
LIMIT = 3 * STEPS


@pytest.fixture(scope="module")
def batch():
    """The same rows ragged and padded."""
    hidden = np.random.default_rng(3).normal(size=(LENGTHS.sum(), WIDTH)).astype(np.float32)
    mask = np.arange(LENGTHS.max()) < LENGTHS[:, None]
    padded = np.zeros((*mask.shape, WIDTH), np.float32)
    padded[mask] = hidden
    starts = np.cumsum(LENGTHS) - LENGTHS
    return Ragged(*map(jnp.asarray, (hidden, starts, LENGTHS))), jnp.asarray(padded), jnp.asarray(mask)


@pytest.fixture(scope="module")
def weights():
    rng, drawn = np.random.default_rng(4), []
    for lane in LANES:
        cell = CELLS[lane.cell]
        shapes = {
            "kernel": (WIDTH, cell.gates * lane.units),
            "recurrent_kernel": (lane.units, cell.gates * lane.units),
            "bias": cell.bias(lane.units).shape,
        }
        drawn.append({name: jnp.float32(0.3 * rng.normal(size=shape)) for name, shape in shapes.items()})
    return drawn


def alone(lane, weight, padded, mask):
    last, outputs = recur(CELLS[lane.cell], weight, project(weight, padded, mask), mask, lane.reverse)
    pooled = masked_mean(outputs, mask), masked_max(outputs, mask)
    return Read(last, *(pooled if lane.pooled else (last, last)))


def test_what_is_read_of_a_lane_is_what_it_gives_alone(batch, weights):
    rows, padded, mask = batch
    after = jax.jit(lambda weights: forward(weights, LANES, rows, LIMIT, jnp.float32, keep=False))(weights)
    assert after.kept is None
    for lane, weight, read in zip(LANES, weights, reads(after, rows), strict=True):
        for one, other in zip(read, alone(lane, weight, padded, mask), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_gradients_of_a_lane_are_those_of_automatic_differentiation(batch, weights):
    rows, padded, mask = batch

    def slope_of(read, lane):
        """Only what a head reads has a gradient: the pools or the last output."""
        last, *pools = jax.tree.map(jnp.cos, read)
        zeros = jnp.zeros_like(last)
        return Read(zeros, *pools) if lane.pooled else Read(last, zeros, zeros)

    @jax.jit
    def run(weights):
        after = forward(weights, LANES, rows, LIMIT, jnp.float32, keep=True)
        slopes = [slope_of(read, lane) for read, lane in zip(reads(after, rows), LANES, strict=True)]
        return backward(weights, LANES, rows, jnp.float32, after, slopes)

    for lane, weight, found in zip(LANES, weights, run(weights), strict=True):
        read, pull = jax.vjp(lambda weight, lane=lane: alone(lane, weight, padded, mask), weight)
        (expected,) = pull(slope_of(read, lane))
        for name, slope in expected.items():
            np.testing.assert_allclose(found[name], slope, rtol=1e-3, atol=3e-5)
