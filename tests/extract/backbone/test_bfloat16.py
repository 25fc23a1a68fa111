"""Beside the rounding of ml_dtypes, which JAX uses outside its programs."""

import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

from headstart.extract.backbone.bfloat16 import round_to

BFLOAT16 = jnp.dtype(jnp.bfloat16)


def test_as_ml_dtypes_rounds() -> None:
    draw = np.random.default_rng(0)
    values = (draw.standard_normal(100_000) * 10.0 ** draw.integers(-37, 38, 100_000)).astype(np.float32)
    values = values[values.view(np.uint32) & 0xFFFF != 0x8000]  # half-way: see below
    found = np.asarray(round_to(jnp.asarray(values), BFLOAT16))
    assert found.dtype == ml_dtypes.bfloat16
    np.testing.assert_array_equal(found, values.astype(ml_dtypes.bfloat16))


def test_half_way_goes_away_from_zero() -> None:
    """1 + 2^-8 lies between 1 and 1 + 2^-7: NumPy's side takes the even one, 1."""
    assert np.asarray(round_to(jnp.float32([1 + 2**-8, -1 - 2**-8]), BFLOAT16)).tolist() == [
        1 + 2**-7,
        -1 - 2**-7,
    ]


@pytest.mark.parametrize("value", [0.0, np.inf, -np.inf, np.nan, 3.4e38, -3.4e38])
def test_what_has_no_neighbour(value: float) -> None:
    wanted = np.float32(value).astype(ml_dtypes.bfloat16)
    found = np.asarray(round_to(jnp.float32([value]), BFLOAT16))[0]
    np.testing.assert_array_equal(found.astype(np.float32), wanted.astype(np.float32))


@pytest.mark.parametrize("bits", [0x7FFFFFFF, 0xFFFFFFFF, 0x7FC00000, 0x7F800001])
def test_every_nan_stays_one(bits: int) -> None:
    """A GPU's has all bits set."""
    values = np.uint32([bits]).view(np.float32)
    assert np.isnan(np.asarray(round_to(jnp.asarray(values), BFLOAT16)).astype(np.float32)).all()


def test_other_dtypes_are_cast() -> None:
    ones = jnp.ones(3, jnp.bfloat16)
    assert round_to(ones, BFLOAT16).dtype == jnp.bfloat16
    assert round_to(ones, jnp.dtype(jnp.float32)).dtype == jnp.float32
    assert round_to(jnp.ones(3), jnp.dtype(jnp.float16)).dtype == jnp.float16
