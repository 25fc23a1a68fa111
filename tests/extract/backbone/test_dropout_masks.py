"""Dropout masks: drawn for each row alone, with the rate that they are named for."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from headstart.extract.backbone.dropout_masks import bernoulli, drop, kept_weights, row_keys


def test_what_stays_does_not_depend_on_the_padding() -> None:
    key = jax.random.key(1)
    short, long = bernoulli(key, 0.9, (5, 6)), bernoulli(key, 0.9, (9, 6))
    np.testing.assert_array_equal(short, long[:5])
    short, long = kept_weights(key, 0.9, (3, 5, 5)), kept_weights(key, 0.9, (3, 9, 9))
    np.testing.assert_array_equal(short, long[:, :5, :5])


@pytest.mark.parametrize("shape", [(3, 40, 50), (3, 4, 20, 25)])
def test_a_tenth_becomes_zero_and_the_rest_grows(shape: tuple[int, ...]) -> None:
    keys = row_keys(7, np.array([[1, 5], [1, 6], [2, 5]]))
    found = np.asarray(drop(jnp.ones(shape), 0.1, keys))
    assert set(np.unique(found)) == {0.0, np.float32(1 / 0.9)}
    share = (found == 0).reshape(3, -1).mean(axis=1)
    np.testing.assert_allclose(share, 0.1, atol=4 * np.sqrt(0.09 / 2000))  # four standard errors
    assert len({row.tobytes() for row in found}) == 3
    np.testing.assert_array_equal(drop(jnp.asarray(found), 0.0, keys), found)
