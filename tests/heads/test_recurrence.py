import functools

import jax
import numpy as np
import pytest

from headstart.heads.cells import CELLS
from headstart.heads.recurrence import masked_step, project, recur

UNITS = 4

jitted_step = jax.jit(masked_step, static_argnames="cell")


@pytest.fixture(params=CELLS)
def cell(request):
    return CELLS[request.param]


@pytest.fixture
def weights(cell, hidden):
    rng = np.random.default_rng(2)
    shapes = {
        "kernel": (hidden.shape[-1], cell.gates * UNITS),
        "recurrent_kernel": (UNITS, cell.gates * UNITS),
        "bias": cell.bias(UNITS).shape,
    }
    return {name: np.float32(rng.normal(size=shape)) for name, shape in shapes.items()}


@functools.partial(jax.jit, static_argnames=("cell", "reverse"))
def run(cell, weights, hidden, mask, reverse):
    return recur(cell, weights, project(weights, hidden, mask), mask, reverse)


def test_projection_is_the_same_token_by_token(cell, weights, batch):
    projected = jax.jit(project)(weights, batch.hidden, batch.mask)
    for row, token in np.argwhere(batch.mask):
        one = batch.hidden[row, token] @ weights["kernel"] + np.atleast_2d(weights["bias"])[0]
        np.testing.assert_allclose(projected[row, token], one, rtol=1e-5, atol=1e-5)


def test_padding_keeps_the_state_unchanged(cell, weights):
    rng = np.random.default_rng(3)
    state = tuple(np.float32(rng.normal(size=(2, UNITS))) for _ in range(cell.states))
    projected = np.float32(rng.normal(size=(2, cell.gates * UNITS)))
    after = jitted_step(cell, weights, state, projected, np.array([True, False]))
    for old, new in zip(state, after, strict=True):
        assert (old[0] != new[0]).all()
        np.testing.assert_array_equal(old[1], new[1])


@pytest.mark.parametrize("reverse", [False, True])
def test_masking_equals_deleting(cell, weights, batch, reverse):
    last, outputs = run(cell, weights, batch.hidden, batch.mask, reverse)
    for row, length in enumerate(batch.mask.sum(axis=1)):
        tokens = batch.hidden[row : row + 1, :length]
        alone_last, alone = run(cell, weights, tokens, np.ones((1, length), bool), reverse)
        np.testing.assert_allclose(last[row], alone_last[0], atol=1e-6)
        np.testing.assert_allclose(outputs[row, :length], alone[0], atol=1e-6)


def test_reversed_run_equals_running_the_reversed_tokens(cell, weights, hidden):
    mask = np.ones(hidden.shape[:2], bool)
    last, outputs = run(cell, weights, hidden, mask, reverse=True)
    mirrored_last, mirrored = run(cell, weights, hidden[:, ::-1], mask, reverse=False)
    np.testing.assert_allclose(last, mirrored_last, atol=1e-6)
    np.testing.assert_allclose(outputs, mirrored[:, ::-1], atol=1e-6)


@pytest.mark.parametrize(("reverse", "end"), [(False, -1), (True, 0)])
def test_last_state_is_the_output_where_the_run_ends(cell, weights, hidden, reverse, end):
    last, outputs = run(cell, weights, hidden, np.ones(hidden.shape[:2], bool), reverse)
    np.testing.assert_array_equal(last, outputs[:, end])
