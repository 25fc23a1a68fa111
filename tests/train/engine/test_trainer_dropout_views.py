"""The notebook's setting: every position of a padded cache counts, and each epoch learns from one dropout view."""

import jax
import numpy as np
import pytest

from headstart.heads import HEADS
from headstart.heads.fused.fused_heads import FusedHeads
from headstart.heads.modules import init
from headstart.train.data.open import open_split
from headstart.train.data.views import DropoutViews
from headstart.train.engine.settings import TrainingSettings
from headstart.train.engine.trainer import HeadsToTrain, Trainer

from ..conftest import POSITIONS, WIDTH, held

RATES = {"avg": 0.05, "gru_pooled": 0.01}


def trainer_of(train, valid, **memory):
    groups = [FusedHeads(((name, HEADS[name]),), POSITIONS) for name in RATES]
    settings = TrainingSettings(epochs=3, batch_size=8, seeds=2, batching="exact", **memory)
    return Trainer(HeadsToTrain(groups, RATES, True, True), {"train": train, "valid": valid}, settings)


def of_cache(cache, **memory):
    return trainer_of(open_split(cache, "train"), open_split(cache, "valid"), **memory)


def params():
    return {name: [init(name, HEADS[name], WIDTH, seed) for seed in (0, 1)] for name in RATES}


def run(trainer):
    progress = trainer.loop.begin(params())
    while trainer.loop.active(progress):
        progress = trainer.loop.epoch(progress)
    return progress


def same(left, right, atol=1e-5):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=atol), left.states, right.states)


@pytest.fixture(scope="module")
def trained(viewed_cache):
    return run(of_cache(viewed_cache, memory="device"))


def test_epoch_e_learns_from_view_e_minus_one_modulo_k(viewed_cache, trained):
    """The oracle: a trainer for each view, whose parameters are handed from one to the next."""
    valid = held(viewed_cache, "valid")
    one, two = (trainer_of(held(viewed_cache, name), valid).loop for name in viewed_cache.views)
    progress = one.begin(params())
    for loop in (one, two, one):
        progress = loop.epoch(progress)
    assert len(trained.seconds) == 3
    same(trained, progress)


def test_views_give_the_same_from_the_host_s_memory(viewed_cache, trained):
    trainer = of_cache(viewed_cache, memory="host")
    same(run(trainer), trained)
    splits = [held(viewed_cache, name) for name in (*viewed_cache.views, "valid")]
    assert trainer.size == trainer.held == sum(split.hidden.nbytes + split.pooled.nbytes for split in splits)


def test_views_are_streamed_one_at_a_time(viewed_cache):
    streamed = of_cache(viewed_cache, memory="stream", memory_limit=5_000)
    views = tuple(held(viewed_cache, name) for name in viewed_cache.views)
    oracle = trainer_of(
        DropoutViews(held(viewed_cache, "train"), views), held(viewed_cache, "valid"),
        memory="stream", memory_limit=5_000,
    )  # fmt: skip
    assert streamed.held <= 5_000 < streamed.size
    same(run(streamed), run(oracle))


def test_a_resumed_run_goes_on_with_the_next_view(viewed_cache, trained, tmp_path):
    def stop(progress, active):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        of_cache(viewed_cache).train(params(), tmp_path, {"run": 1}, False, stop)
    resumed = of_cache(viewed_cache).train(
        params(), tmp_path, {"run": 1}, True, lambda progress, active: None
    )
    assert len(resumed.seconds) == 3
    same(resumed, trained)
