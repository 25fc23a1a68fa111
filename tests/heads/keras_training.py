"""Fifty steps as bench.py takes them, and as Keras takes them: same initial weights, same batches."""

import functools
from typing import Any, NamedTuple

import jax
import keras
import numpy as np

from headstart.heads.fused.fused_heads import FusedHeads
from headstart.heads.pooling import pool
from headstart.train.engine.adam import init
from headstart.train.engine.compiled_epochs import CompiledEpochs, of_seed, stack
from headstart.train.feeds.table import EpochChunk, Table

from .keras_models import ON_LAST, as_ours, build

STEPS, BATCHES, ROWS, TOKENS, WIDTH = 50, 4, 8, 6, 5


class Trained(NamedTuple):
    """A head after fifty steps.

    Attributes:
        losses: mean over the batch of each step, before the step.
        params: our tree.
    """

    losses: np.ndarray
    params: Any


class Data(NamedTuple):
    """All rows, [32, ...]; each eight of them are a batch."""

    hidden: np.ndarray
    mask: np.ndarray
    labels: np.ndarray


@functools.cache
def data() -> Data:
    """Labels follow the first feature, with noise."""
    random, rows = np.random.default_rng(0), BATCHES * ROWS
    labels = random.integers(0, 2, rows).astype(np.float32)
    hidden = random.normal(size=(rows, TOKENS, WIDTH)).astype(np.float32)
    hidden[:, :, 0] += 0.7 * (2 * labels[:, None] - 1)
    return Data(hidden, np.arange(TOKENS) < random.integers(1, TOKENS + 1, (rows, 1)), labels)


def fresh(name: str) -> keras.Model:
    """The head with Keras' own initial weights, the same in every call."""
    keras.utils.set_random_seed(3)
    return build(ON_LAST[name], TOKENS, WIDTH, 1)


def params_of(name: str, model: keras.Model) -> Any:
    """A copy; Keras' own get_weights asks NumPy for something that NumPy 2 warns of."""
    return as_ours(ON_LAST[name], [np.array(own.value) for own in model.trainable_variables])


@functools.cache
def first_params(name: str) -> Any:
    return params_of(name, fresh(name))


def by_keras(name: str) -> Trained:
    """Train with `compile` and `train_on_batch`."""
    rows, model = data(), fresh(name)
    adam = keras.optimizers.Adam(ON_LAST[name].learning_rate, epsilon=1e-7)
    model.compile(adam, loss=keras.losses.BinaryCrossentropy(from_logits=True))
    losses = []
    for step in range(STEPS):
        own = slice(step % BATCHES * ROWS, (step % BATCHES + 1) * ROWS)
        losses.append(model.train_on_batch([rows.hidden[own], rows.mask[own]], rows.labels[own, None]))
        model.reset_metrics()
    return Trained(np.array(losses), params_of(name, model))


@functools.cache
def by_us() -> dict[str, Trained]:
    """Train all heads together, from the weights that Keras' models begin with."""
    rows = data()
    lengths = rows.mask.sum(axis=1)
    pooled = np.asarray(jax.jit(pool)(rows.hidden, rows.mask))
    compiled = CompiledEpochs([FusedHeads(tuple(ON_LAST.items()), TOKENS)], seeds=1)
    table = compiled.place(
        Table(rows.hidden[rows.mask], np.cumsum(lengths) - lengths, lengths, pooled, rows.labels)
    )
    states = compiled.spread({name: stack([init(first_params(name))]) for name in ON_LAST})
    rates = {name: np.float32([head.learning_rate]) for name, head in ON_LAST.items()}
    active = {name: np.array([True]) for name in ON_LAST}
    losses = []
    for step in range(STEPS):
        places = np.arange(ROWS) + step % BATCHES * ROWS
        states, sums = compiled.train(states, EpochChunk(table, places[None, None], 1), rates, active)
        losses.append({name: float(own.loss[0] / own.rows[0]) for name, own in sums.items()})
    return {
        name: Trained(np.array([own[name] for own in losses]), of_seed(states[name].params, 0))
        for name in ON_LAST
    }
