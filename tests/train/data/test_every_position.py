"""The notebook's setting: every position of a padded cache counts, and each epoch learns from one view."""

import dataclasses
import json

import jax
import numpy as np
import pytest

from headstart.cache import UserError, open_cache
from headstart.cache.block import Block
from headstart.cache.manifest import Manifest
from headstart.cache.recipe import Recipe, canonical_json
from headstart.cache.task import BINARY
from headstart.cache.texts import pack
from headstart.cache.writer import CacheWriter
from headstart.heads import HEADS
from headstart.heads.fused.joint import Joint
from headstart.heads.modules import init
from headstart.train.data.dropout_views import Views, each
from headstart.train.data.every_position import EveryPosition
from headstart.train.data.open import check_notebook, open_split
from headstart.train.data.subset import SomeRows, first_rows
from headstart.train.engine.settings import FitSettings
from headstart.train.engine.trainer import Job, Reads

WIDTH, POSITIONS, ROWS = 7, 9, {"train": (20, 13), "valid": (11,), "test": (4,)}
RECIPE = Recipe(
    rows="", row_count=48, task=canonical_json(BINARY.to_json()), cleaning="", cleaning_versions="", tokenizer="",
    weights="", architecture="", max_length=POSITIONS, compute_dtype="float32", matmul_precision="highest",
    forward="stock", storage_dtype="float16", layout="padded", split_rule="", split_seed=42,
    dropout='{"views":2}',
)  # fmt: skip
MADE_BY = {"command": "python -m extract --data x.csv --layout padded"}


def made_block(rows, first, seed, padded):
    """The same rows for every seed, with other features."""
    plain, random = np.random.default_rng(first), np.random.default_rng(1000 * seed + first)
    lengths = plain.integers(1, POSITIONS + 1, rows).astype(np.int32)
    labels = plain.integers(0, 2, rows).astype(np.int32)
    hidden = random.standard_normal((rows, POSITIONS, WIDTH)) + labels[:, None, None]
    hidden = hidden.astype(np.float16)
    if not padded:
        hidden = hidden[np.arange(POSITIONS) < lengths[:, None]]
    pooled = random.standard_normal((rows, 3, WIDTH)).astype(np.float16)
    return Block(hidden, lengths, labels, np.arange(first, first + rows), pooled, pack(["x"] * rows))


@pytest.fixture(scope="module", params=["padded", "ragged"])
def made(request, tmp_path_factory):
    """A cache with two views of its training split."""
    recipe = dataclasses.replace(RECIPE, layout=request.param)
    writer, splits, first = CacheWriter(str(tmp_path_factory.mktemp("made") / "it"), recipe), {}, 0
    writer.begin()
    for split, sizes in ROWS.items():
        start, names = first, [split, "train-view-1", "train-view-2"] if split == "train" else [split]
        for number, name in enumerate(names):
            first, splits[name] = start, []
            for at, rows in enumerate(sizes):
                block = made_block(rows, first, number, request.param == "padded")
                splits[name].append(writer.write_block(name, at, first - start, block))
                first += rows
    records = [record for own in splits.values() for record in own]
    rows, tokens = sum(r.rows for r in records), sum(r.tokens for r in records)
    writer.finish(Manifest(recipe.key, rows, tokens, WIDTH, "float16", splits, 0.0, {}, {}, {}, {}, MADE_BY))
    return open_cache(writer.store.location)


@dataclasses.dataclass
class Held:
    """Features in memory, as the oracle builds them."""

    hidden: np.ndarray
    lengths: np.ndarray
    labels: np.ndarray
    pooled: np.ndarray
    rows: np.ndarray
    texts: list


def held(cache, name):
    split = cache.split(name)
    padded = split.hidden.ndim == 3
    lengths = np.full(len(split.rows), POSITIONS, np.int32) if padded else split.lengths
    hidden = split.hidden.reshape(-1, WIDTH)
    return Held(hidden, lengths, split.labels, split.pooled, split.rows, split.texts)


def job_of(train, valid, epochs=3, **memory):
    joints = [Joint(((name, HEADS[name]),), POSITIONS) for name in ("avg", "gru_pooled")]
    settings = FitSettings(epochs=epochs, batch_size=8, seeds=2, batching="exact")
    return Job(
        joints,
        {"avg": 0.05, "gru_pooled": 0.01},
        Reads(True, True),
        {"train": train, "valid": valid},
        settings,
        **memory,
    )


def params():
    return {name: [init(name, HEADS[name], WIDTH, seed) for seed in (0, 1)] for name in ("avg", "gru_pooled")}


def run(job):
    progress = job.fit.begin(params())
    while job.fit.active(progress):
        progress = job.fit.epoch(progress)
    return progress


def same(left, right, atol=1e-5):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=atol), left.states, right.states)


@pytest.fixture(scope="module")
def trained(made):
    return run(job_of(open_split(made, "train"), open_split(made, "valid"), memory="device"))


def test_epoch_e_learns_from_view_e_minus_one_modulo_k(made, trained):
    """The oracle: a job for each view, whose parameters are handed from one to the next."""
    jobs = [job_of(held(made, name), held(made, "valid")) for name in made.views]
    progress = jobs[0].fit.begin(params())
    for job in (jobs[0], jobs[1], jobs[0]):
        progress = job.fit.epoch(progress)
    assert len(trained.seconds) == 3
    same(trained, progress)


def test_views_give_the_same_from_the_host_s_memory(made, trained):
    job = job_of(open_split(made, "train"), open_split(made, "valid"), memory="host")
    same(run(job), trained)
    size = {
        name: held(made, name).hidden.nbytes + held(made, name).pooled.nbytes
        for name in (*made.views, "valid")
    }
    assert job.size == job.held == sum(size.values())


def test_views_are_streamed_one_at_a_time(made, trained):
    train, valid = open_split(made, "train"), open_split(made, "valid")
    streamed = job_of(train, valid, memory="stream", limit=5_000)
    oracle = job_of(
        Views(held(made, "train"), tuple(held(made, name) for name in made.views)), held(made, "valid"),
        memory="stream", limit=5_000,
    )  # fmt: skip
    assert streamed.held <= 5_000 < streamed.size
    same(run(streamed), run(oracle))


def test_a_resumed_run_goes_on_with_the_next_view(made, trained, tmp_path):
    def parts():
        return open_split(made, "train"), open_split(made, "valid")

    def stop(progress, lanes):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        job_of(*parts()).train(params(), tmp_path, {"run": 1}, False, stop)
    resumed = job_of(*parts()).train(params(), tmp_path, {"run": 1}, True, lambda progress, lanes: None)
    assert len(resumed.seconds) == 3
    same(resumed, trained)


def test_every_position_of_a_padded_row_counts(made):
    for name in ("train", "valid", "test"):
        features = open_split(made, name)
        plain = features.plain if name == "train" else features
        assert isinstance(plain, EveryPosition) == (made.recipe.layout == "padded")
        for field in ("hidden", "lengths", "labels", "pooled"):
            np.testing.assert_array_equal(getattr(features, field), getattr(held(made, name), field))


def test_the_first_rows_of_a_split_and_of_its_views(made):
    few = each(open_split(made, "train"), first_rows, 5)
    for found, name in ((few, "train"), (few.views[0], "train-view-1"), (few.views[1], "train-view-2")):
        whole = held(made, name)
        assert len(found.labels) == 5
        np.testing.assert_array_equal(found.hidden, whole.hidden[: whole.lengths[:5].sum()])
        np.testing.assert_array_equal(found.pooled, whole.pooled[:5])


def test_rows_left_out_are_left_out_of_every_view(made):
    kept = np.arange(33) % 3 > 0
    some = each(open_split(made, "train"), SomeRows, kept)
    for found, name in ((some, "train"), (some.views[1], "train-view-2")):
        whole = held(made, name)
        np.testing.assert_array_equal(found.hidden, whole.hidden[np.repeat(kept, whole.lengths)])
        np.testing.assert_array_equal(found.rows, np.flatnonzero(kept))
        assert len(found.texts) == kept.sum()


def test_a_cache_that_does_not_fit_names_the_command_that_makes_one(made):
    padded = made.recipe.layout == "padded"
    check_notebook(made, padded)
    says = (
        "add --notebook; for heads with masks: python -m extract --data x.csv$"
        if padded
        else "holds real tokens only; first: python -m extract --data x.csv --layout padded"
    )
    with pytest.raises(UserError, match=says):
        check_notebook(made, not padded)


def test_the_recipe_s_views_are_the_cache_s(made):
    assert made.views == ("train-view-1", "train-view-2")
    assert json.loads(made.recipe.dropout)["views"] == 2
    assert len(open_split(made, "train").views) == 2
