"""Small batches of unequal sizes, and parameters with nothing left at zero.

All of them NumPy arrays, and all calls jitted: a test's time is the number of things it compiles.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
import pytest

from headstart.heads.modules import init
from headstart.heads.pooling import pool
from tests.oracles.head_logits import logits_of

from .keras_models import ON_LAST

ROWS, TOKENS, WIDTH, OUTPUTS = 3, 5, 7, 2
LENGTHS = (3, 5, 1)


jitted_pool = jax.jit(pool)


class Batch(NamedTuple):
    hidden: Any
    mask: Any
    pooled: Any


def batch_from(hidden, lengths) -> Batch:
    mask = np.arange(hidden.shape[1]) < np.asarray(lengths)[:, None]
    return Batch(hidden, mask, np.asarray(jitted_pool(hidden, mask)))


@pytest.fixture
def make_batch() -> Callable[..., Batch]:
    """(hidden, lengths) -> batch, its mask and pooled vectors as the cache would hold them."""
    return batch_from


@pytest.fixture
def hidden() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(ROWS, TOKENS, WIDTH)).astype(np.float32)


@pytest.fixture
def batch(hidden) -> Batch:
    return batch_from(hidden, LENGTHS)


@pytest.fixture
def nan_batch(hidden, batch) -> Batch:
    """The same rows as `batch`, with NaN at every padding position."""
    return batch_from(np.where(batch.mask[..., None], hidden, np.nan), LENGTHS)


@functools.cache
def draw(name: str) -> Any:
    rng = np.random.default_rng(1)
    shapes = jax.eval_shape(lambda: init(name, ON_LAST[name], WIDTH, 0, OUTPUTS))
    return jax.tree.map(lambda leaf: np.float32(0.3 * rng.normal(size=leaf.shape)), shapes)


@pytest.fixture
def random_params() -> Callable[..., Any]:
    """name -> parameters of the head's shapes, biases included, drawn from a normal law."""
    return draw


@functools.cache
def compiled(name: str) -> Callable[..., Any]:
    return jax.jit(logits_of(ON_LAST[name], OUTPUTS))


@pytest.fixture
def logits_with() -> Callable[..., Any]:
    """name -> batch -> logits under `random_params`, compiled once for all tests of one shape."""
    return lambda name: functools.partial(compiled(name), draw(name))
