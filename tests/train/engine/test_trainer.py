"""Heads and seeds trained together against each alone, with the real heads."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from headstart.heads import HEADS
from headstart.heads.fused.fused_heads import FusedHeads
from headstart.heads.modules import init
from headstart.train.data.views import Concat, Subset
from headstart.train.engine import trainer as trainer_module
from headstart.train.engine.adam import init as begin
from headstart.train.engine.settings import TrainingSettings
from headstart.train.engine.trainer import HeadsToTrain, Trainer
from headstart.train.feeds.sampler import train_plan
from tests.oracles.head_logits import logits_of
from tests.oracles.padded_training import gather, train_step

from ..conftest import make_split

ROOT = Path(__file__).parents[3]
WIDTH, SEEDS = 7, 2
SOME = ("cls", "maxavg", "gru", "bilstm_pooled")
SETTINGS = TrainingSettings(epochs=3, batch_size=8, seeds=SEEDS)


def trainer_of(names, train, valid, settings=SETTINGS, groups=None, scale=1.0):
    """Heads in groups of their own, unless groups of names are passed."""
    groups = groups or [(name,) for name in names]
    fused = [FusedHeads(tuple((name, HEADS[name]) for name in group), 64) for group in groups]
    rates = {name: scale * HEADS[name].learning_rate for name in names}
    return Trainer(HeadsToTrain(fused, rates, True, True), {"train": train, "valid": valid}, settings)


def params_of(names, seeds=SEEDS):
    return {name: [init(name, HEADS[name], WIDTH, seed) for seed in range(seeds)] for name in names}


def run(trainer, names, seeds=SEEDS):
    progress = trainer.loop.begin(params_of(names, seeds))
    while trainer.loop.active(progress):
        progress = trainer.loop.epoch(progress)
    return trainer.loop.results(progress)


@pytest.fixture(scope="module")
def splits():
    return make_split(84, seed=1, signal=0.4), make_split(21, seed=2, signal=0.4)


@pytest.fixture(scope="module")
def results(splits):
    return run(trainer_of(SOME, *splits), SOME)


@pytest.fixture(scope="module")
def fifty_steps(splits):
    """All heads together."""
    settings = TrainingSettings(epochs=5, batch_size=8, seeds=1)
    return run(trainer_of(list(HEADS), *splits, settings), list(HEADS), 1)


def close(left, right, atol=1e-5):
    for one, other in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True):
        np.testing.assert_allclose(one, other, atol=atol)


def exactly(left, right):
    jax.tree.map(np.testing.assert_array_equal, left, right)


ONE_OF_A_KIND = ("avg", "gru", "bilstm_pooled")
"""Heads that `make test` trains alone; `make slow` all."""


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in ONE_OF_A_KIND else [pytest.mark.slow]) for n in HEADS]
)
def test_fifty_steps_together_equal_fifty_steps_alone(splits, fifty_steps, name):
    """The oracle: `tests.oracles.padded_training` on padded batches, one head, one seed, one step after another."""
    train, _ = splits
    state, apply = begin(init(name, HEADS[name], WIDTH, 0)), logits_of(HEADS[name])
    for epoch in range(1, 6):
        for rows in train_plan(train.lengths, 8, 0, epoch, "bucket"):
            batch = gather(train, rows, np.ones(8, np.float32), tokens=True)
            state, _ = train_step(apply, state, batch, jnp.float32(HEADS[name].learning_rate))
    assert len(train.labels) // 8 * 5 == 50
    close(fifty_steps[name, 0].last_params, state.params)


@pytest.mark.parametrize("name", SOME)
def test_a_head_does_not_depend_on_which_others_were_asked_for(splits, results, name):
    alone = run(trainer_of([name], *splits), [name])
    for seed in range(SEEDS):
        close(alone[name, seed].last_params, results[name, seed].last_params, atol=1e-6)


def test_a_seed_does_not_depend_on_how_many_were_asked_for(splits, results):
    settings = TrainingSettings(epochs=3, batch_size=8, seeds=1)
    for name, own in run(trainer_of(SOME, *splits, settings), SOME, 1).items():
        exactly(own.last_params, results[name].last_params)


def test_heads_in_one_group_equal_heads_in_groups_of_their_own(splits, results):
    for key, own in run(trainer_of(SOME, *splits, groups=[SOME]), SOME).items():
        close(own.last_params, results[key].last_params)


@pytest.mark.parametrize("memory", [pytest.param("host", marks=pytest.mark.slow), "stream"])
def test_other_memory_trains_too(splits, results, memory):
    settings = dataclasses.replace(SETTINGS, memory=memory, memory_limit=60_000)
    found = run(trainer_of(SOME, *splits, settings), SOME)
    for key, own in found.items():
        if memory == "host":  # the same batches
            exactly(own.last_params, results[key].last_params)
    first, last = (sum(own.history[n].loss for own in found.values()) for n in (0, -1))
    assert last < first


def test_seeds_under_vmap_equal_seeds_one_by_one(splits, results):
    trainer = trainer_of(SOME, *splits)
    trainer.compiled.vmapped = True  # read when the epochs are compiled
    for key, own in run(trainer, SOME).items():
        close(own.last_params, results[key].last_params)


def test_one_that_has_stopped_stays_as_it_is(splits):
    """At this rate some seeds of a head stop long before the others."""
    names, settings = ("cls", "max"), TrainingSettings(epochs=40, batch_size=8, seeds=3)
    found = run(trainer_of(names, *splits, settings, groups=[names], scale=500), names, 3)
    epochs = {key: len(own.history) for key, own in found.items()}
    assert len(set(epochs.values())) > 1
    for key, own in found.items():
        settings = TrainingSettings(epochs=epochs[key], batch_size=8, seeds=3)
        alone = run(trainer_of([key.head], *splits, settings, scale=500), [key.head], 3)
        close(alone[key].last_params, own.last_params)


def test_later_folds_keep_the_memory_of_the_first(splits, monkeypatch):
    """What the first fold's features take is not free any more, and need not be."""
    free = {"bytes": 10**9}
    for name in ("device_free", "free_memory"):
        monkeypatch.setattr(trainer_module, name, lambda: free["bytes"])
    whole, plans = Concat(splits, lambda part: splits[part]), []
    for fold in np.array_split(np.random.default_rng(0).permutation(105), 2):
        trainer = trainer_of(["cls"], Subset(whole, fold[:40]), Subset(whole, fold[40:]))
        plans.append(trainer.plan)
        free["bytes"] = 1
    assert plans[0] == plans[1]
    assert plans[0].mode == "device"


EIGHT = """
import sys, json, numpy as np, jax
sys.path.insert(0, ".")
from tests.train.engine import test_trainer as t
from tests.train.conftest import make_split
splits = make_split(84, seed=1, signal=0.4), make_split(21, seed=2, signal=0.4)
found = t.run(t.trainer_of(("cls", "gru"), *splits), ("cls", "gru"))
trainer = t.trainer_of(("cls", "gru"), *splits)
print(trainer.compiled.mesh.size, jax.device_count())
print(json.dumps([[float(np.abs(leaf).sum()) for leaf in jax.tree.leaves(own.last_params)] for own in found.values()]))
"""


def test_seeds_and_rows_are_spread_over_devices(results):
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=8", "PATH": "", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", EIGHT], capture_output=True, text=True, cwd=ROOT, env=flags, check=False
    )
    assert done.returncode == 0, done.stderr
    sizes, sums = done.stdout.strip().splitlines()
    assert sizes == "8 8"  # each seed on four of them
    here = [
        [float(np.abs(leaf).sum()) for leaf in jax.tree.leaves(own.last_params)]
        for key, own in results.items()
        if key.head in ("cls", "gru")
    ]
    assert [len(own) for own in here] == [len(own) for own in json.loads(sums)]
    for one, other in zip(here, json.loads(sums), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
