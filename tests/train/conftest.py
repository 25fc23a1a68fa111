import dataclasses
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from headstart.cache import open_cache
from headstart.cache.block import Block
from headstart.cache.manifest import Manifest
from headstart.cache.recipe import Recipe, canonical_json
from headstart.cache.task import BINARY
from headstart.cache.texts import pack
from headstart.cache.writer import CacheWriter
from headstart.train.engine.trainer import HeadsToTrain, Trainer
from tests.oracles.padded_training import Batch
from tests.train.held_split import HeldSplit

WIDTH = 7


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
    pooled = pooled.reshape(rows, 3, WIDTH)
    return HeldSplit(hidden.astype(np.float16), lengths, labels, pooled, np.arange(rows), ["a text"] * rows)


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


def trainer_of(apply, splits, settings, rate=0.05, tokens=True):
    heads = HeadsToTrain([Alone(apply)], {"head": rate}, tokens, True)
    return Trainer(heads, dict(zip(("train", "valid"), splits, strict=True)), settings)


def fit_alone(apply, params, train, valid, settings, *, rate=0.05, tokens=True, on_epoch=lambda record: None):
    """Train one head with one seed; `on_epoch` is called with each record."""
    loop = trainer_of(apply, (train, valid), settings, rate, tokens).loop
    progress = loop.begin({"head": [params]})
    while loop.active(progress):
        progress = loop.epoch(progress)
        on_epoch(progress.histories["head", 0][-1])
    return loop.results(progress)["head", 0]


@pytest.fixture(name="fit_alone")
def fit_alone_fixture():
    return fit_alone


@pytest.fixture(name="trainer_of")
def trainer_of_fixture():
    return trainer_of


RECIPE = Recipe(
    rows="", row_count=24, task=canonical_json(BINARY.to_json()), cleaning="", cleaning_versions="", tokenizer="",
    weights="", architecture="", max_length=40, compute_dtype="float32", matmul_precision="highest",
    forward="stock", storage_dtype="float16", layout="ragged", split_rule="", split_seed=42,
)  # fmt: skip


def write_cache(folder, recipe, splits, source=None):
    """A cache of splits, each a list of blocks."""
    writer, records = CacheWriter(str(folder), recipe), {}
    writer.begin()
    for split, blocks in splits.items():
        starts = np.cumsum([0, *(len(block.rows) for block in blocks)])
        records[split] = [
            writer.write_block(split, number, int(start), block)
            for number, (start, block) in enumerate(zip(starts, blocks, strict=False))
        ]
    counts = [(record.rows, record.tokens) for blocks in records.values() for record in blocks]
    rows, tokens = np.sum(counts, axis=0).tolist()
    writer.finish(
        Manifest(recipe.key, rows, tokens, WIDTH, "float16", records, 0.0, {}, {}, {}, {}, source or {})
    )
    return folder


@pytest.fixture
def written_cache(tmp_path):
    """A cache on disk whose training split has two blocks, of 8 and of 12 rows."""

    def block(rows, seed):
        split = make_split(rows, seed)
        texts = pack(split.texts)
        return Block(split.hidden, split.lengths, split.labels, np.arange(rows), split.pooled, texts)

    splits = {"train": [block(8, 0), block(12, 9)], "valid": [block(2, 0)], "test": [block(2, 0)]}
    return write_cache(tmp_path / "written", RECIPE, splits)


POSITIONS, VIEWED_ROWS = 9, {"train": (20, 13), "valid": (11,), "test": (4,)}


def viewed_block(rows, first, view, padded):
    """The same rows in every view, with other features."""
    plain, random = np.random.default_rng(first), np.random.default_rng(1000 * view + first)
    lengths = plain.integers(1, POSITIONS + 1, rows).astype(np.int32)
    labels = plain.integers(0, 2, rows).astype(np.int32)
    hidden = random.standard_normal((rows, POSITIONS, WIDTH)) + labels[:, None, None]
    hidden = hidden.astype(np.float16)
    if not padded:
        hidden = hidden[np.arange(POSITIONS) < lengths[:, None]]
    pooled = random.standard_normal((rows, 3, WIDTH)).astype(np.float16)
    return Block(hidden, lengths, labels, np.arange(first, first + rows), pooled, pack(["x"] * rows))


@pytest.fixture(scope="session", params=["padded", "ragged"])
def viewed_cache(request, tmp_path_factory):
    """A cache with two dropout views of its training split."""
    recipe = dataclasses.replace(RECIPE, layout=request.param, max_length=POSITIONS, dropout='{"views":2}')
    splits, first = {}, 0
    for split, sizes in VIEWED_ROWS.items():
        for view, name in enumerate([split, "train-view-1", "train-view-2"] if split == "train" else [split]):
            starts = first + np.cumsum([0, *sizes[:-1]])
            splits[name] = [
                viewed_block(rows, int(start), view, request.param == "padded")
                for rows, start in zip(sizes, starts, strict=True)
            ]
        first += sum(sizes)
    source = {"command": "python -m extract --data x.csv --layout padded"}
    return open_cache(str(write_cache(tmp_path_factory.mktemp("viewed") / "it", recipe, splits, source)))


def held(cache, name):
    """A cache's split in memory, all positions of a padded one."""
    split = cache.split(name)
    padded = split.hidden.ndim == 3
    lengths = np.full(len(split.rows), POSITIONS, np.int32) if padded else split.lengths
    return HeldSplit(
        split.hidden.reshape(-1, WIDTH), lengths, split.labels, split.pooled, split.rows, split.texts
    )
