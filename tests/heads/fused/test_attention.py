"""Attention pooling over ragged rows, chunk by chunk, against rows one by one and automatic differentiation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from headstart.heads.fused.attention import TokenRows, attend
from headstart.heads.fused.chunks import STEPS

WIDTH, QUERIES = 6, 3
LENGTHS = np.array([STEPS + 3, 1, STEPS, 2 * STEPS + 1, 5], np.int32)


def rows_of(seed=0, scale=1.0):
    """Rows with NaN between them."""
    starts = 2 + np.cumsum(LENGTHS + 1) - LENGTHS - 1
    hidden = np.full((2 + (LENGTHS + 1).sum(), WIDTH), np.nan, np.float32)
    for start, length in zip(starts, LENGTHS, strict=True):
        hidden[start : start + length] = scale * np.random.default_rng(seed + start).normal(
            size=(length, WIDTH)
        )
    return TokenRows(jnp.asarray(hidden), jnp.asarray(starts, jnp.int32), jnp.asarray(LENGTHS))


def slowly(queries, rows):
    """Means of the tokens of each row, its tokens alone."""
    means = []
    for start, length in zip(rows.starts.tolist(), LENGTHS.tolist(), strict=True):
        tokens = rows.hidden[start : start + length]
        means.append(jax.nn.softmax(tokens @ queries, axis=0).T @ tokens)
    return jnp.stack(means)


@pytest.fixture
def queries():
    return jnp.asarray(np.random.default_rng(1).normal(size=(WIDTH, QUERIES)), jnp.float32)


@pytest.mark.parametrize("scale", [1.0, 30.0])  # scores of thousands: no exponential may overflow
def test_means_and_gradient_are_those_of_each_row_alone(queries, scale):
    rows = rows_of(scale=scale)
    slope = np.random.default_rng(2).normal(size=(len(LENGTHS), QUERIES, WIDTH)).astype(np.float32)

    def loss(means):
        return (slope * jnp.tanh(means / scale)).sum()

    np.testing.assert_allclose(
        jax.jit(attend)(queries, rows), slowly(queries, rows), rtol=1e-4, atol=1e-4 * scale
    )
    ours = jax.jit(jax.grad(lambda queries: loss(attend(queries, rows))))(queries)
    expected = jax.grad(lambda queries: loss(slowly(queries, rows)))(queries)
    np.testing.assert_allclose(ours, expected, rtol=1e-3, atol=1e-4 * scale)


def test_without_a_preference_it_is_the_mean():
    rows = rows_of(3)
    means = attend(jnp.zeros((WIDTH, 1)), rows)[:, 0]
    for row, (start, length) in enumerate(zip(rows.starts.tolist(), LENGTHS.tolist(), strict=True)):
        np.testing.assert_allclose(means[row], rows.hidden[start : start + length].mean(axis=0), atol=1e-5)


def test_bits_of_bfloat16_are_read_as_bfloat16(queries):
    rows = rows_of(4)
    half = rows._replace(hidden=rows.hidden.astype(jnp.bfloat16))
    bits = half._replace(hidden=jax.lax.bitcast_convert_type(half.hidden, jnp.uint16))
    means = attend(queries, bits, jnp.bfloat16)
    assert means.dtype == jnp.float32
    np.testing.assert_array_equal(means, attend(queries, half, jnp.bfloat16))
    np.testing.assert_allclose(means, slowly(queries, rows), atol=0.1)
