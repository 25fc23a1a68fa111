"""Chunks of a ragged batch against a loop over rows and tokens."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from headstart.heads.fused.chunks import (
    STEPS,
    add_to_pool,
    chunk_count,
    empty_pool,
    gather,
    pool_gradient,
    real_steps,
)
from headstart.heads.fused.ragged import Ragged

WIDTH, LENGTHS = 5, np.array([STEPS + 3, 1, STEPS, 7])
STARTS = np.array([40, 0, 10, 60])


@pytest.fixture
def rows():
    hidden = np.random.default_rng(0).normal(size=(80, WIDTH)).astype(np.float32)
    return Ragged(jnp.asarray(hidden), jnp.asarray(STARTS), jnp.asarray(LENGTHS))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("number", [0, 1])
def test_a_chunk_holds_the_tokens_of_its_steps(rows, number, reverse):
    assert chunk_count(rows) == 2
    tokens = gather(rows, jnp.int32(number), reverse, jnp.float32).reshape(STEPS, len(LENGTHS), WIDTH)
    real = real_steps(rows, jnp.int32(number), reverse)
    for step in range(STEPS):
        place = number * STEPS + step
        place = 2 * STEPS - 1 - place if reverse else place
        for row, (start, length) in enumerate(zip(STARTS, LENGTHS, strict=True)):
            assert real[step, row] == (place < length)
            expected = rows.hidden[start + place] if place < length else np.zeros(WIDTH)
            np.testing.assert_array_equal(tokens[step, row], expected)


def test_bits_of_bfloat16_are_tokens(rows):
    rounded = rows._replace(hidden=rows.hidden.astype(jnp.bfloat16))
    bits = rounded._replace(hidden=jax.lax.bitcast_convert_type(rounded.hidden, jnp.uint16))
    one, other = (gather(own, jnp.int32(0), False, jnp.bfloat16) for own in (rounded, bits))
    np.testing.assert_array_equal(one.astype(jnp.float32), other.astype(jnp.float32))


@pytest.fixture
def outputs():
    """Two chunks; the second has a tie with the first, and padding that is larger than all."""
    values = np.random.default_rng(1).normal(size=(2, 4, 3, 2)).astype(np.float32)
    values[1, 2, 0] = values[0, 1, 0] = 5
    real = np.ones((2, 4, 3), bool)
    real[1, 1:, 1] = real[1, :, 2] = False
    values[~real] = 9
    return jnp.asarray(values), jnp.asarray(real)


def pooled(outputs, real):
    pool = empty_pool(3, 2)
    for chunk, mask in zip(outputs, real, strict=True):
        pool = add_to_pool(pool, chunk, mask)
    return pool


def test_sum_and_maximum_grow_chunk_by_chunk(outputs):
    pool = pooled(*outputs)
    for row in range(3):
        own = np.asarray(outputs[0][:, :, row])[np.asarray(outputs[1][:, :, row])]
        np.testing.assert_allclose(pool.total[row], own.sum(axis=0), rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(pool.max[row], own.max(axis=0))
        np.testing.assert_array_equal(pool.ties[row], (own == own.max(axis=0)).sum(axis=0))


def test_gradients_of_sum_and_maximum_are_those_of_automatic_differentiation(outputs):
    values, real = outputs
    rng = np.random.default_rng(2)
    of_total, of_max = (jnp.asarray(rng.normal(size=(3, 2)), jnp.float32) for _ in range(2))

    def scalar(values):
        flat, mask = values.reshape(8, 3, 2), real.reshape(8, 3)[..., None]
        total, largest = jnp.where(mask, flat, 0).sum(axis=0), jnp.where(mask, flat, -jnp.inf).max(axis=0)
        return (total * of_total + largest * of_max).sum()

    expected, pool = jax.grad(scalar)(values), pooled(values, real)
    for number in range(2):
        slopes = pool_gradient(pool, of_total, of_max, values[number], real[number])
        np.testing.assert_allclose(slopes, expected[number], rtol=1e-5, atol=1e-6)
