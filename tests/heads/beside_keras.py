"""The heads on the last layer beside Keras 3 on one small batch: what ours find, and what Keras finds."""

import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import keras
import numpy as np

from headstart.heads.fused.fused_heads import FusedHeads
from headstart.heads.pooling import pool
from headstart.train.engine.loss import cross_entropy
from tests.oracles.head_logits import logits_of

from .keras_models import ON_LAST, as_ours, build

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


class Pair(NamedTuple):
    """What one of our implementations finds, and what Keras finds: two trees of one structure."""

    what: str
    ours: Any
    keras: Any


def padded(lengths: np.ndarray) -> Padded:
    hidden = np.random.default_rng(0).normal(size=(ROWS, TOKENS, WIDTH)).astype(np.float32)
    mask = np.arange(TOKENS) < lengths[:, None]
    return Padded(hidden, mask, np.asarray(jax.jit(pool)(hidden, mask)))


def ragged(batch: Padded, lengths: np.ndarray) -> Ragged:
    """The table is as long whatever the lengths, so that one program does; NaN where it is nobody's."""
    hidden = np.full((ROWS * TOKENS, WIDTH), np.nan, np.float32)
    hidden[: lengths.sum()] = batch.hidden[batch.mask]
    return Ragged(jnp.asarray(hidden), np.cumsum(lengths) - lengths, lengths, batch.pooled)


def compare(name: str, kind: str, masks: str) -> Iterator[Pair]:
    """Logits, mean loss and the loss's gradient of a head alone and of one among all.

    Args:
        name: of the head.
        kind: of task, a key of `KINDS`.
        masks: a key of `LENGTHS`.
    """
    outputs, lengths, labels = KINDS[kind], LENGTHS[masks], labels_of(kind)
    batch, params = padded(lengths), params_of(name, outputs)
    nothing = np.zeros((ROWS, outputs), np.float32)
    by_keras = run_by_keras(name, outputs)
    logits, _ = by_keras(weights_of(name, outputs), batch, nothing)
    loss, slope = jax.value_and_grad(functools.partial(keras_loss, kind, labels))(logits)
    slopes = as_ours(ON_LAST[name], by_keras(weights_of(name, outputs), batch, slope)[1])

    def alone(cotangent: Any) -> Any:
        return run_alone(name, outputs)(params, batch, cotangent)

    def joint(cotangent: Any) -> Any:
        params, rows = {own: params_of(own, outputs) for own in ON_LAST}, ragged(batch, lengths)
        found, slopes = run_joint(outputs)(params, rows, {**dict.fromkeys(ON_LAST, nothing), name: cotangent})
        return found[name], dict(slopes[name])

    for which, ours in (("alone", alone), ("among all", joint)):
        found, _ = ours(nothing)
        yield Pair(f"logits, {which}", found, logits)
        own_loss, own_slope = jax.value_and_grad(functools.partial(our_loss, labels))(found)
        yield Pair(f"loss, {which}", own_loss, loss)
        yield Pair(f"gradient, {which}", ours(own_slope)[1], slopes)


@functools.cache
def weights_of(name: str, outputs: int) -> list[np.ndarray]:
    """Keras' weights in Keras' order, random, biases too."""
    random = np.random.default_rng(1)
    shapes = [own.shape for own in model_of(name, outputs).trainable_variables]
    return [random.normal(0, 0.4, shape).astype(np.float32) for shape in shapes]


def params_of(name: str, outputs: int) -> Any:
    return as_ours(ON_LAST[name], weights_of(name, outputs))


@functools.cache
def model_of(name: str, outputs: int) -> keras.Model:
    return build(ON_LAST[name], TOKENS, WIDTH, outputs)


@functools.cache
def run_by_keras(name: str, outputs: int) -> Any:
    model = model_of(name, outputs)
    fixed = [own.value for own in model.non_trainable_variables]
    return with_gradient(lambda own, batch: model.stateless_call(own, fixed, [batch.hidden, batch.mask])[0])


@functools.cache
def run_alone(name: str, outputs: int) -> Any:
    return with_gradient(logits_of(ON_LAST[name], outputs))


@functools.cache
def run_joint(outputs: int) -> Any:
    """All heads at once: one program for every test."""
    group = FusedHeads(tuple(ON_LAST.items()), TOKENS)

    @jax.jit
    def run(params: Any, rows: Ragged, cotangents: Any) -> Any:
        def product(found: Any) -> Any:
            return sum((found[name] * own).sum() for name, own in cotangents.items()), found

        slopes, found = group.gradient(params, rows, product)
        return found, slopes

    return run


def with_gradient(logits: Any) -> Any:
    """`(params, batch, cotangent) -> logits, gradient of their product`."""

    def product(params: Any, batch: Any, cotangent: Any) -> Any:
        found = logits(params, batch)
        return (found * cotangent).sum(), found

    # compiled in half the time; these tests take no longer than what they compile
    @jax.jit(compiler_options={"xla_backend_optimization_level": 0})
    def run(params: Any, batch: Any, cotangent: Any) -> Any:
        slopes, found = jax.grad(product, has_aux=True)(params, batch, cotangent)
        return found, slopes

    return run


def our_loss(labels: np.ndarray, logits: Any) -> Any:
    return cross_entropy(logits, jnp.asarray(labels, jnp.float32)).mean()


def keras_loss(kind: str, labels: np.ndarray, logits: Any) -> Any:
    if kind == "multiclass":
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits)
    return keras.losses.BinaryCrossentropy(from_logits=True)(labels.reshape(logits.shape), logits)


def labels_of(kind: str) -> np.ndarray:
    random = np.random.default_rng(2)
    if kind == "multiclass":
        return random.integers(0, 3, ROWS)
    return random.integers(0, 2, ROWS if kind == "binary" else (ROWS, 3))
