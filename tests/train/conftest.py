import json
from dataclasses import dataclass
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

WIDTH = 7


@dataclass
class Split:
    """A split in memory, its rows all of other lengths."""

    hidden: np.ndarray
    lengths: np.ndarray
    labels: np.ndarray
    pooled: np.ndarray

    def tokens(self, row):
        start = int(self.lengths[:row].sum())
        return self.hidden[start : start + self.lengths[row]]


def make_split(rows, seed=0, signal=0.0, longest=40):
    """Random rows; with a signal their mean vector tells the label."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, longest + 1, rows).astype(np.int32)
    labels = rng.integers(0, 2, rows).astype(np.int32)
    shift = np.linspace(-1, 1, WIDTH) * signal
    hidden = (
        rng.normal(size=(int(lengths.sum()), WIDTH)) + np.repeat(2 * labels - 1, lengths)[:, None] * shift
    )
    parts = np.split(hidden.astype(np.float16), np.cumsum(lengths)[:-1]) if rows else []
    pooled = np.array([[part[0], part.max(axis=0), part.mean(axis=0)] for part in parts], np.float16)
    return Split(hidden.astype(np.float16), lengths, labels, pooled.reshape(rows, 3, WIDTH))


def linear(params, batch):
    """A head on the mean of the real tokens."""
    hidden = batch.hidden.astype(jnp.float32)
    mean = hidden.sum(axis=1) / batch.mask.sum(axis=1, keepdims=True)
    return mean @ params["kernel"] + params["bias"]


def pooled_linear(params, batch):
    """A head on the stored mean alone."""
    return batch.pooled[:, 2].astype(jnp.float32) @ params["kernel"] + params["bias"]


def linear_params(seed=0):
    kernel = np.random.default_rng(seed).normal(size=(WIDTH, 1)).astype(np.float32)
    return {"kernel": jnp.asarray(kernel), "bias": jnp.full(1, 0.25, jnp.float32)}


@pytest.fixture(name="make_split")
def make_split_fixture():
    return make_split


@pytest.fixture(name="linear")
def linear_fixture():
    return linear


@pytest.fixture(name="pooled_linear")
def pooled_linear_fixture():
    return pooled_linear


@pytest.fixture(name="linear_params")
def linear_params_fixture():
    return linear_params


@pytest.fixture(scope="session")
def notebook_runs():
    return json.loads(Path(__file__).with_name("notebook_runs.json").read_text())
