import jax.numpy as jnp
import numpy as np
import pytest

from headstart.heads.cells import CELLS, gru_bias, gru_step, lstm_bias, lstm_step

# Far out in the sigmoid: a gate at +40 is open, at -40 shut, to the last bit of a float32.
OPEN, SHUT = 40.0, -40.0
ATANH_HALF = float(np.arctanh(0.5))


def weights(bias):
    """One unit that ignores its old state, so that every gate is what the test says."""
    return {"recurrent_kernel": jnp.zeros((1, bias.shape[-1])), "bias": bias}


@pytest.mark.parametrize(
    ("z", "expected"),
    [(OPEN, 0.25), (SHUT, 0.5), (0.0, 0.375)],
    ids=["keeps the state", "takes the candidate", "goes half way"],
)
def test_gru_update_gate(z, expected):
    projected = jnp.array([[z, OPEN, ATANH_HALF]])
    (h,) = gru_step(weights(jnp.zeros((2, 3))), (jnp.array([[0.25]]),), projected)
    np.testing.assert_allclose(h, [[expected]], rtol=1e-6)


@pytest.mark.parametrize(("r", "expected"), [(OPEN, 0.5), (SHUT, 0.0)], ids=["open", "shut"])
def test_gru_resets_the_recurrent_share_with_its_bias(r, expected):
    bias = jnp.zeros((2, 3)).at[1, 2].set(ATANH_HALF)
    (h,) = gru_step(weights(bias), (jnp.zeros((1, 1)),), jnp.array([[SHUT, r, 0.0]]))
    np.testing.assert_allclose(h, [[expected]], atol=1e-7)


@pytest.mark.parametrize(
    ("i", "f", "o", "memory", "h"),
    [
        (SHUT, OPEN, OPEN, 0.25, np.tanh(0.25)),
        (OPEN, SHUT, OPEN, 0.5, np.tanh(0.5)),
        (OPEN, OPEN, SHUT, 0.75, 0.0),
    ],
    ids=["keeps the memory", "overwrites it", "adds and hides it"],
)
def test_lstm_gates(i, f, o, memory, h):
    state = jnp.zeros((1, 1)), jnp.array([[0.25]])
    new_h, new_memory = lstm_step(weights(jnp.zeros(4)), state, jnp.array([[i, f, ATANH_HALF, o]]))
    np.testing.assert_allclose(new_memory, [[memory]], rtol=1e-6)
    np.testing.assert_allclose(new_h, [[h]], rtol=1e-6, atol=1e-7)


def test_gru_has_two_zero_biases():
    np.testing.assert_array_equal(gru_bias(2), np.zeros((2, 6)))


def test_lstm_forget_bias_is_one():
    np.testing.assert_array_equal(lstm_bias(2), [0, 0, 1, 1, 0, 0, 0, 0])


@pytest.mark.parametrize("name", CELLS)
def test_step_hands_on_as_many_arrays_as_the_cell_declares(name):
    cell = CELLS[name]
    kernel = {"recurrent_kernel": jnp.zeros((2, cell.gates * 2)), "bias": cell.bias(2)}
    state = cell.step(kernel, (jnp.zeros((3, 2)),) * cell.states, jnp.zeros((3, cell.gates * 2)))
    assert [array.shape for array in state] == [(3, 2)] * cell.states
