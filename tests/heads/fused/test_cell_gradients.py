"""Written-out gradients of one step against automatic differentiation of `heads.cells`."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from headstart.heads.cells import CELLS
from headstart.heads.fused.cell_gradients import ADJOINTS

ROWS, UNITS = 3, 4


@pytest.fixture(params=CELLS)
def name(request):
    return request.param


@pytest.fixture
def step(name):
    """Weights, a state, and the input's share of each gate."""
    rng, cell = np.random.default_rng(1), CELLS[name]

    def normal(*shape):
        return jnp.asarray(rng.normal(size=shape), jnp.float32)

    weights = {"recurrent_kernel": normal(UNITS, cell.gates * UNITS), "bias": normal(*cell.bias(UNITS).shape)}
    return (
        weights,
        tuple(normal(ROWS, UNITS) for _ in range(cell.states)),
        tuple(normal(ROWS, UNITS) for _ in range(cell.gates)),
    )


def test_a_step_is_the_cell_s(name, step):
    weights, state, gates = step
    after, _ = ADJOINTS[name].forward(weights, state, gates)
    for one, other in zip(after, CELLS[name].step(weights, state, jnp.concatenate(gates, -1)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_gradients_are_those_of_automatic_differentiation(name, step):
    (weights, state, gates), adjoint = step, ADJOINTS[name]
    after, pull = jax.vjp(CELLS[name].step, weights, state, jnp.concatenate(gates, -1))
    slope = tuple(jnp.cos(part) for part in after)
    of_weights, of_state, of_projected = pull(slope)
    slopes = adjoint.backward(state, adjoint.forward(weights, state, gates)[1], slope)
    recurrent = jnp.concatenate([slopes.gates[n] for n in adjoint.recurrent], -1)
    projected = jnp.concatenate([slopes.gates[n] for n in adjoint.projected], -1)
    through = slopes.state[0] + recurrent @ weights["recurrent_kernel"].T, *slopes.state[1:]
    np.testing.assert_allclose(projected, of_projected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(state[0].T @ recurrent, of_weights["recurrent_kernel"], rtol=1e-4, atol=1e-6)
    for one, other in zip(through, of_state, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
