"""Adam against the paper written out, and sums over devices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from headstart.train.engine.adam import ADAM, ROWS, adam_step, init, over_devices


def adam_by_hand(params, slopes, lr):
    """Adam in the order that Keras took from the paper's section 2: epsilon 1e-7 beside an uncorrected sqrt(v)."""
    first, second = 0.0, 0.0
    for number, slope in enumerate(slopes, 1):
        first = 0.9 * first + 0.1 * slope
        second = 0.999 * second + 0.001 * slope**2
        rate = lr * np.sqrt(1 - 0.999**number) / (1 - 0.9**number)
        params = params - rate * first / (np.sqrt(second) + 1e-7)
    return params


@pytest.mark.parametrize("size", [1.0, 1e-6])  # slopes so small that an epsilon of 1e-8 or 1e-7 matters
def test_the_first_steps_equal_adam_by_hand(size):
    random = np.random.default_rng(0)
    start, slopes = random.normal(size=9), size * random.normal(size=(5, 9))
    state = init({"kernel": jnp.float32(start)})
    for slope in slopes:
        state = adam_step(state, {"kernel": jnp.float32(slope)}, jnp.float32(0.03))
    np.testing.assert_allclose(
        state.params["kernel"], adam_by_hand(start, slopes, 0.03), rtol=1e-4, atol=1e-6
    )


def test_the_direction_needs_no_parameters():
    direction, _ = ADAM.update({"bias": jnp.ones(2)}, ADAM.init({"bias": jnp.zeros(2)}))
    np.testing.assert_allclose(direction["bias"], 1, rtol=1e-4)


def test_every_device_has_the_sum():
    tree = {"kernel": jnp.arange(12.0).reshape(3, 2, 2), "bias": jnp.arange(3.0)}
    sums = jax.vmap(over_devices, axis_name=ROWS)(tree)
    for device in range(3):
        np.testing.assert_array_equal(sums["kernel"][device], tree["kernel"].sum(axis=0))
        assert sums["bias"][device] == 3
