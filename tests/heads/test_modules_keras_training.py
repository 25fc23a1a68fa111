"""Fifty steps of our Adam beside Keras': same initial weights, same batches, every head."""

import jax
import numpy as np
import pytest

from .keras_models import ON_LAST
from .keras_training import STEPS, by_keras, by_us, first_params


@pytest.mark.parametrize("name", ON_LAST)
def test_fifty_adam_steps_end_where_keras_ends(name: str) -> None:
    ours, keras = by_us()[name], by_keras(name)
    np.testing.assert_allclose(ours.losses, keras.losses, atol=1e-4, rtol=0)
    assert jax.tree.structure(ours.params) == jax.tree.structure(keras.params)
    for one, other in zip(jax.tree.leaves(ours.params), jax.tree.leaves(keras.params), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", ON_LAST)
def test_fifty_steps_move_a_head(name: str) -> None:
    """Else agreement would mean nothing."""
    moved = jax.tree.map(lambda a, b: float(np.abs(a - b).max()), first_params(name), by_us()[name].params)
    assert max(jax.tree.leaves(moved)) > STEPS * ON_LAST[name].learning_rate / 4
