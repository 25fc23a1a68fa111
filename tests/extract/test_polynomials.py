"""Beside the standard library's exact functions."""

from math import erf, sqrt

import jax.numpy as jnp
import numpy as np

from extract.polynomials import exp2, gelu


def test_gelu_is_near_the_exact_one_everywhere() -> None:
    x = np.concatenate([np.linspace(-6, 6, 4001), [-1e4, -30, 30, 1e4]]).astype(np.float32)
    exact = np.array([0.5 * v * (1 + erf(v / sqrt(2))) for v in x.astype(float)])
    assert (np.abs(gelu(jnp.asarray(x)) - exact) <= 1.3e-4 + 2e-6 * np.abs(x)).all()


def test_exp2_is_near_the_exact_one_everywhere() -> None:
    x = np.concatenate([np.linspace(-126, 127.99, 40_001), np.arange(-126, 128)]).astype(np.float32)
    np.testing.assert_allclose(exp2(jnp.asarray(x)), 2.0 ** x.astype(float), rtol=1.1e-4)


def test_powers_of_whole_numbers_are_exact_and_keep_the_digits_of_others() -> None:
    whole = np.arange(-126, 128).astype(np.float32)
    np.testing.assert_array_equal(exp2(jnp.asarray(whole)), 2.0 ** whole.astype(float))
    x = np.linspace(-3, 3, 97).astype(np.float32)
    np.testing.assert_array_equal(
        exp2(jnp.asarray(x - 64)) * np.float32(2**64), exp2(jnp.asarray((x - 64) + 64))
    )


def test_far_below_there_is_exactly_nothing() -> None:
    assert exp2(jnp.asarray([-127.0, -128, -1e4, -1e30], jnp.float32)).tolist() == [0, 0, 0, 0]
