"""Beside the standard library's exact functions."""

from math import erf, sqrt
from typing import Any

import jax.numpy as jnp
import numpy as np

from headstart.extract.backbone.bfloat16 import exp2, gelu


def test_gelu_is_near_the_exact_one_everywhere() -> None:
    x = np.concatenate([np.linspace(-6, 6, 4001), [-1e4, -30, 30, 1e4]]).astype(np.float32)
    exact = np.array([0.5 * v * (1 + erf(v / sqrt(2))) for v in x.astype(float)])
    assert (np.abs(gelu(jnp.asarray(x)) - exact) <= 1.3e-4 + 2e-6 * np.abs(x)).all()


def power(x: Any, less: float = 0.0) -> np.ndarray:
    return np.asarray(exp2(jnp.asarray(x, jnp.float32), jnp.full((), less, jnp.float32)))


def test_exp2_is_near_the_exact_one_everywhere() -> None:
    x = np.concatenate([np.linspace(-126, 127.99, 40_001), np.arange(-126, 128)]).astype(np.float32)
    np.testing.assert_allclose(power(x), 2.0 ** x.astype(float), rtol=1.1e-4)


def test_powers_of_whole_numbers_are_exact() -> None:
    whole = np.arange(-126, 128).astype(np.float32)
    np.testing.assert_array_equal(power(whole), 2.0 ** whole.astype(float))


def test_less_a_whole_number_the_digits_stay_the_same() -> None:
    x = np.linspace(-3, 3, 97).astype(np.float32)
    for less in (-60, -1, 1, 64, 100):
        np.testing.assert_array_equal(power(x, less) * np.float32(2.0**less), power(x))


def test_far_below_there_is_exactly_nothing() -> None:
    assert power([-127.0, -128, -1e4, -1e30]).tolist() == [0, 0, 0, 0]
    assert power([3.0, -1e4], 1e4).tolist() == [0, 0]


def test_nan_stays_nan() -> None:
    assert np.isnan(power([np.nan, np.nan])).all()
