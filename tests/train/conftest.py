import json
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from headstart.cache.block import Block
from headstart.cache.manifest import Manifest
from headstart.cache.recipe import Recipe, canonical_json
from headstart.cache.task import BINARY
from headstart.cache.texts import pack
from headstart.cache.writer import CacheWriter
from headstart.train.engine.trainer import Job, Reads
from tests.oracles.padded_training import Batch

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


class Alone:
    """One head, given as a pure function of a padded batch, as the training loop wants its groups."""

    def __init__(self, apply, name="head", longest=64):
        self.names, self._apply, self._longest = (name,), apply, longest

    def logits(self, params, rows):
        (name,) = self.names
        return {name: self._apply(params[name], padded_batch(rows, self._longest))}

    def gradient(self, params, rows, loss):
        return jax.grad(lambda params: loss(self.logits(params, rows)), has_aux=True)(params)


def padded_batch(rows, longest):
    """A batch of a ragged table as the heads alone read it; padding is zero."""
    mask = jnp.arange(longest) < rows.lengths[:, None]
    hidden = None
    if rows.hidden is not None:
        places = jnp.where(mask, rows.starts[:, None] + jnp.arange(longest), 0)
        hidden = jnp.where(mask[..., None], jnp.asarray(rows.hidden)[places], 0)
    return Batch(hidden, None if hidden is None else mask, rows.pooled, rows.labels, rows.weights)


def job_of(apply, splits, settings, rate=0.05, tokens=True, **memory):
    group = Alone(apply)
    train, valid = splits
    return Job(
        [group], {"head": rate}, Reads(tokens, True), {"train": train, "valid": valid}, settings, **memory
    )


def fit_alone(apply, params, train, valid, settings, *, rate=0.05, tokens=True, on_epoch=lambda record: None):
    """Train one head with one seed; on_epoch is told each record."""
    job = job_of(apply, (train, valid), settings, rate, tokens)
    progress = job.fit.begin({"head": [params]})
    while job.fit.active(progress):
        progress = job.fit.epoch(progress)
        on_epoch(progress.histories["head", 0][-1])
    return job.fit.results(progress)["head", 0]


@pytest.fixture(name="fit_alone")
def fit_alone_fixture():
    return fit_alone


@pytest.fixture(name="job_of")
def job_of_fixture():
    return job_of


@pytest.fixture
def written_cache(tmp_path):
    """A cache on disk whose training split has two blocks, of 8 and of 12 rows."""
    folder = tmp_path / "written"
    recipe = Recipe(
        rows="", row_count=24, task=canonical_json(BINARY.to_json()),
        cleaning="", cleaning_versions="", tokenizer="", weights="", architecture="",
        max_length=40, compute_dtype="float32", matmul_precision="highest", forward="stock", storage_dtype="float16",
        layout="ragged", split_rule="", split_seed=42,
    )  # fmt: skip
    writer = CacheWriter(str(folder), recipe)
    writer.begin()
    places = [("train", 0, 0, 8), ("train", 1, 8, 12), ("valid", 0, 0, 2), ("test", 0, 0, 2)]
    records = {"train": [], "valid": [], "test": []}
    for split, number, start, rows in places:
        made = make_split(rows, seed=start + number)
        block = Block(
            made.hidden, made.lengths, made.labels, np.arange(rows), made.pooled, pack(["a text"] * rows)
        )
        records[split].append(writer.write_block(split, number, start, block))
    tokens = sum(record.tokens for own in records.values() for record in own)
    writer.finish(Manifest(recipe.key, 24, tokens, WIDTH, "float16", records, 0.0, {}, {}, {}, {}, {}))
    return folder
