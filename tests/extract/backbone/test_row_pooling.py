"""Rows pooled on their device, beside NumPy, row after row."""

import jax.numpy as jnp
import numpy as np
import pytest

from headstart.extract.backbone.row_pooling import RowPlaces, pool_layers

B, T, D = 3, 5, 7
PLACES = ([0, 3, 5, 10, 11], [3, 2, 4, 1, 4])
"""Starts and lengths: token 9 is nobody's, and rows end at a sequence's end and before it."""


def by_hand(hidden: np.ndarray, starts: list[int], lengths: list[int]) -> np.ndarray:
    tokens = hidden.reshape(-1, hidden.shape[-1]).astype(np.float32)
    rows = [tokens[start : start + length] for start, length in zip(starts, lengths, strict=True)]
    return np.array([[row[0], row.max(axis=0), row.sum(axis=0) / len(row)] for row in rows])


def filled_up(starts: list[int], lengths: list[int], slots: int) -> RowPlaces:
    rest = slots - len(starts)
    return RowPlaces(np.array(starts + [0] * rest, np.int32), np.array(lengths + [1] * rest, np.int32))


def pool(hidden: jnp.ndarray, rows: RowPlaces, on_cpu: bool) -> jnp.ndarray:
    """Of one layer."""
    return pool_layers([hidden], rows, on_cpu)[:, 0]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("slots", [5, 8, 64])
@pytest.mark.parametrize("on_cpu", [True, False])
def test_each_row_is_pooled_alone(on_cpu: bool, slots: int, dtype: str) -> None:
    hidden = (
        jnp.asarray(np.random.default_rng(0).standard_normal((B, T, D)), dtype) - 3
    )  # no maximum is above 0
    pooled = pool(hidden, filled_up(*PLACES, slots), on_cpu)
    assert (pooled.shape, pooled.dtype) == ((slots, 3, D), jnp.float32)
    np.testing.assert_allclose(pooled[:5], by_hand(np.asarray(hidden), *PLACES), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("on_cpu", [True, False])
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e9])
def test_neither_padding_nor_another_row_changes_a_row(on_cpu: bool, value: float) -> None:
    """A row that is not finite shows, and no other does."""
    hidden = np.random.default_rng(1).standard_normal((B, T, D)).astype(np.float32)
    places = filled_up(*PLACES, 8)
    clean = np.asarray(pool(jnp.asarray(hidden), places, on_cpu))
    hidden.reshape(-1, D)[9] = value
    np.testing.assert_array_equal(pool(jnp.asarray(hidden), places, on_cpu)[:5], clean[:5])
    hidden.reshape(-1, D)[7] = value  # of row 2
    other = np.asarray(pool(jnp.asarray(hidden), places, on_cpu))
    np.testing.assert_array_equal(other[[0, 1, 3, 4]], clean[[0, 1, 3, 4]])
    assert (other[2, 1] == value).all() or np.isnan(value)
    assert np.isfinite(other[2, 1:]).all() == np.isfinite(value)


@pytest.mark.parametrize("on_cpu", [True, False])
def test_layers_stand_beside_each_other(on_cpu: bool) -> None:
    states = [jnp.full((B, T, D), number, jnp.float32) for number in (4.0, 0.0, 9.0)]
    pooled = pool_layers(states, filled_up(*PLACES, 8), on_cpu)
    assert pooled.shape == (8, 3, 3, D)
    assert [np.unique(pooled[:5, layer]).tolist() for layer in range(3)] == [[4.0], [0.0], [9.0]]


def test_a_zero_with_a_sign_is_a_zero() -> None:
    hidden = np.zeros((1, 4, 2), np.float32)
    hidden[0, ::2] = -0.0
    for on_cpu in (True, False):
        pooled = np.asarray(pool(jnp.asarray(hidden), filled_up([0, 2], [2, 2], 8), on_cpu))[:2]
        assert (pooled == 0).all()
