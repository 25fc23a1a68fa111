"""Fifty steps of our Adam beside Keras': same initial weights, same batches, every head."""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

from heads import HEADS
from heads.module import logits_of
from heads.pooling import pool
from train.batches import Batch
from train.step import init, train_step

sys.path.append(str(Path(__file__).parent))

from keras_models import as_ours, build

STEPS, ROWS, TOKENS, WIDTH = 50, 8, 6, 5


def weights_of(model: keras.Model) -> list[np.ndarray]:
    """A copy; Keras' own get_weights asks NumPy for something that NumPy 2 warns of."""
    return [np.array(own.value) for own in model.trainable_variables]


def batches() -> list[Batch]:
    """Four batches, in turn: labels follow the first feature, with noise."""
    found, random = [], np.random.default_rng(0)
    for _ in range(4):
        lengths = random.integers(1, TOKENS + 1, ROWS)
        labels = random.integers(0, 2, ROWS).astype(np.float32)
        hidden = random.normal(size=(ROWS, TOKENS, WIDTH)).astype(np.float32)
        hidden[:, :, 0] += 0.7 * (2 * labels[:, None] - 1)
        mask = np.arange(TOKENS) < lengths[:, None]
        pooled = np.asarray(jax.jit(pool)(hidden, mask))
        found.append(Batch(hidden, mask, pooled, labels, np.ones(ROWS, np.float32)))
    return found


@pytest.mark.parametrize("name", HEADS)
def test_fifty_adam_steps_end_where_keras_ends(name: str) -> None:
    head, rows = HEADS[name], batches()
    keras.utils.set_random_seed(3)
    model = build(head, TOKENS, WIDTH, 1)
    adam = keras.optimizers.Adam(head.learning_rate, epsilon=1e-7)
    model.compile(adam, loss=keras.losses.BinaryCrossentropy(from_logits=True))
    apply, rate = logits_of(head), jnp.float32(head.learning_rate)
    state = init(as_ours(head, weights_of(model)))
    before = jax.tree.map(np.array, state.params)
    for step in range(STEPS):
        batch = rows[step % len(rows)]
        wanted = model.train_on_batch([batch.hidden, batch.mask], batch.labels[:, None])
        state, sums = train_step(apply, state, batch, rate)
        model.reset_metrics()
        assert float(sums.loss / sums.rows) == pytest.approx(float(wanted), abs=1e-4)
    found, end = dict(state.params), as_ours(head, weights_of(model))
    assert jax.tree.structure(found) == jax.tree.structure(end)
    moved = jax.tree.map(lambda a, b: float(np.abs(a - b).max()), before, end)
    assert max(jax.tree.leaves(moved)) > STEPS * head.learning_rate / 4  # else agreement would mean nothing
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(end), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4, rtol=0)
