"""Our heads beside Keras 3: the same weights give the same logits and the same gradients."""

import functools
import sys
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

from heads import HEADS
from heads.joint import Joint
from heads.module import logits_of
from heads.pooling import pool
from train.loss import cross_entropy

sys.path.append(str(Path(__file__).parent))

from keras_models import as_ours, build, build_without_masks

ROWS, TOKENS, WIDTH = 5, 19, 6  # more tokens than a chunk has
LENGTHS = {"masked": np.array([3, 19, 1, 17, 8]), "unmasked": np.full(ROWS, TOKENS)}
KINDS = {"binary": 1, "multiclass": 3, "multilabel": 3}


class Ragged(NamedTuple):
    hidden: Any
    starts: Any
    lengths: Any
    pooled: Any


class Padded(NamedTuple):
    hidden: Any
    mask: Any
    pooled: Any


def padded(lengths: np.ndarray) -> Padded:
    hidden = np.random.default_rng(0).normal(size=(ROWS, TOKENS, WIDTH)).astype(np.float32)
    mask = np.arange(TOKENS) < lengths[:, None]
    return Padded(hidden, mask, np.asarray(jax.jit(pool)(hidden, mask)))


def ragged(batch: Padded, lengths: np.ndarray) -> Ragged:
    starts = np.cumsum(lengths) - lengths
    return Ragged(jnp.asarray(batch.hidden[batch.mask]), starts, lengths, batch.pooled)


class Run(NamedTuple):
    """A head three times: Keras, `heads.module`, `heads.joint`; each `(weights, cotangent) -> logits, gradient`."""

    weights: list[np.ndarray]
    keras: Any
    alone: Any
    joint: Any


@functools.cache
def run_of(name: str, outputs: int) -> Run:
    """All three, compiled once for every case; Keras' weights are random, biases too."""
    head, random = HEADS[name], np.random.default_rng(1)
    model = build(head, TOKENS, WIDTH, outputs)
    weights = [random.normal(0, 0.4, own.shape).astype(np.float32) for own in model.trainable_variables]
    fixed = [own.value for own in model.non_trainable_variables]

    def of_keras(own: Any, batch: Padded) -> Any:
        return model.stateless_call(own, fixed, [batch.hidden, batch.mask])[0]

    group = Joint(((name, head),), TOKENS)

    @jax.jit
    def joint(params: Any, rows: Ragged, cotangent: Any) -> Any:
        slopes, logits = group.gradient(
            {name: params}, rows, lambda found: ((found[name] * cotangent).sum(), found[name])
        )
        return logits, slopes[name]

    return Run(weights, with_gradient(of_keras), with_gradient(logits_of(head, outputs)), joint)


def with_gradient(logits: Any) -> Any:
    """`(params, batch, cotangent) -> logits, gradient of their product`."""

    def product(params: Any, batch: Any, cotangent: Any) -> Any:
        found = logits(params, batch)
        return (found * cotangent).sum(), found

    @jax.jit
    def run(params: Any, batch: Any, cotangent: Any) -> Any:
        slopes, found = jax.grad(product, has_aux=True)(params, batch, cotangent)
        return found, slopes

    return run


def keras_loss(kind: str, labels: np.ndarray, logits: Any) -> Any:
    if kind == "multiclass":
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits)
    return keras.losses.BinaryCrossentropy(from_logits=True)(labels.reshape(logits.shape), logits)


def labels_of(kind: str) -> np.ndarray:
    random = np.random.default_rng(2)
    if kind == "multiclass":
        return random.integers(0, 3, ROWS)
    return random.integers(0, 2, ROWS if kind == "binary" else (ROWS, 3))


def close(found: Any, wanted: Any) -> None:
    assert jax.tree.structure(found) == jax.tree.structure(wanted)
    jax.tree.map(functools.partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-5), found, wanted)


@pytest.mark.parametrize("masks", LENGTHS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", HEADS)
def test_logits_and_gradients_are_keras_s(name: str, kind: str, masks: str) -> None:
    run, labels, lengths = run_of(name, KINDS[kind]), labels_of(kind), LENGTHS[masks]
    batch, params = padded(lengths), as_ours(HEADS[name], run.weights)
    nothing = np.zeros((ROWS, KINDS[kind]), np.float32)
    logits, _ = run.keras(run.weights, batch, nothing)
    loss, slope = jax.value_and_grad(lambda own: keras_loss(kind, labels, own))(logits)
    wanted = as_ours(HEADS[name], run.keras(run.weights, batch, slope)[1])
    for ours, rows in ((run.alone, batch), (run.joint, ragged(batch, lengths))):
        found, _ = ours(params, rows, nothing)
        close(found, logits)
        own_loss, own_slope = jax.value_and_grad(
            lambda own: cross_entropy(own, jnp.asarray(labels, jnp.float32)).mean()
        )(found)
        close((own_loss, own_slope), (loss, slope))
        close(dict(ours(params, rows, own_slope)[1]), wanted)


@pytest.mark.parametrize("name", HEADS)
def test_rows_of_full_length_are_what_the_notebook_s_layers_see(name: str) -> None:
    """Keras' own layers without any mask, on all positions."""
    model = build_without_masks(HEADS[name], TOKENS, WIDTH)
    run, batch = run_of(name, 1), padded(LENGTHS["unmasked"])
    model.set_weights(run.weights)
    params = as_ours(HEADS[name], run.weights)
    found = run.joint(params, ragged(batch, LENGTHS["unmasked"]), np.zeros((ROWS, 1), np.float32))[0]
    close(found, model(batch.hidden))
