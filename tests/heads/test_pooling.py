import jax
import jax.numpy as jnp
import numpy as np
import pytest

from headstart.heads.pooling import POOLED, masked_max, masked_mean, mean_and_max, pool, select, zero_padding

# One row of three tokens, two features each; the third token is padding.
HIDDEN = jnp.array([[[-4.0, 1.0], [-2.0, 5.0], [90.0, 90.0]]])
MASK = jnp.array([[True, True, False]])

jitted_pool = jax.jit(pool)


def test_a_row_that_can_be_checked_by_hand():
    np.testing.assert_array_equal(masked_mean(HIDDEN, MASK), [[-3, 3]])
    np.testing.assert_array_equal(masked_max(HIDDEN, MASK), [[-2, 5]])
    np.testing.assert_array_equal(mean_and_max(HIDDEN, MASK), [[-3, 3, -2, 5]])
    np.testing.assert_array_equal(pool(HIDDEN, MASK), [[[-4, 1], [-2, 5], [-3, 3]]])


def test_pooled_axis_is_cls_max_mean():
    assert POOLED == ("cls", "max", "mean")


def test_select_keeps_the_order_it_is_asked_for():
    pooled = pool(HIDDEN, MASK)
    np.testing.assert_array_equal(select(pooled, ("mean", "max")), [[-3, 3, -2, 5]])
    np.testing.assert_array_equal(select(pooled, ("max", "mean")), [[-2, 5, -3, 3]])


def test_masking_equals_deleting(batch):
    for row, length in enumerate(batch.mask.sum(axis=1)):
        alone = jitted_pool(batch.hidden[row : row + 1, :length], np.ones((1, length), bool))
        np.testing.assert_allclose(batch.pooled[row], alone[0], rtol=1e-6)


def test_nan_in_padding_is_never_read(batch, nan_batch):
    np.testing.assert_array_equal(nan_batch.pooled, batch.pooled)
    np.testing.assert_array_equal(jax.jit(zero_padding)(nan_batch.hidden, batch.mask)[~batch.mask], 0)


def test_gradient_at_padding_is_zero_and_finite_elsewhere(batch, nan_batch):
    gradient = jax.jit(jax.grad(lambda *args: (pool(*args) ** 2).sum()))(nan_batch.hidden, batch.mask)
    np.testing.assert_array_equal(gradient[~batch.mask], 0)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16])
def test_half_precision_is_summed_in_float32(dtype):
    hidden = jnp.full((1, 64, 2), 60_000, dtype)  # float16 ends at 65,504
    pooled = pool(hidden, jnp.ones((1, 64), bool))
    assert pooled.dtype == jnp.float32
    np.testing.assert_array_equal(pooled, np.full((1, 3, 2), np.float32(hidden[0, 0, 0])))
