"""Heads and seeds trained together against each alone, with the real heads."""

import json
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from headstart.heads import HEADS
from headstart.heads.fused.joint import Joint
from headstart.heads.modules import init, logits_of
from headstart.train.engine.passes import Passes
from headstart.train.engine.settings import FitSettings
from headstart.train.engine.steps import init as begin
from headstart.train.engine.trainer import Job, Reads
from headstart.train.feeds.sampler import train_plan
from tests.oracles.padded_training import gather, train_step

from ..conftest import make_split

ROOT = Path(__file__).parents[3]
WIDTH, SEEDS = 7, 2
SOME = ("cls", "maxavg", "gru", "bilstm_pooled")
SETTINGS = FitSettings(epochs=3, batch_size=8, seeds=SEEDS)


def make_job(names, train, valid, settings=SETTINGS, together=(), **memory):
    """Heads named in `together` form one group, the others one each."""
    groups = [tuple(together)] * bool(together) + [(name,) for name in names if name not in together]
    joints = [Joint(tuple((name, HEADS[name]) for name in own), 64) for own in groups]
    rates = {name: HEADS[name].learning_rate for name in names}
    return Job(joints, rates, Reads(True, True), {"train": train, "valid": valid}, settings, **memory)


def params_of(names, seeds=SEEDS):
    return {name: [init(name, HEADS[name], WIDTH, seed) for seed in range(seeds)] for name in names}


def run(job, names, seeds=SEEDS):
    progress = job.fit.begin(params_of(names, seeds))
    while job.fit.active(progress):
        progress = job.fit.epoch(progress)
    return job.fit.results(progress)


@pytest.fixture(scope="module")
def splits():
    return make_split(84, seed=1, signal=0.4), make_split(21, seed=2, signal=0.4)


@pytest.fixture(scope="module")
def results(splits):
    return run(make_job(SOME, *splits), SOME)


def close(left, right, atol=1e-5):
    for one, other in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True):
        np.testing.assert_allclose(one, other, atol=atol)


def exactly(left, right):
    jax.tree.map(np.testing.assert_array_equal, left, right)


@pytest.mark.parametrize("name", HEADS)
def test_fifty_steps_together_equal_fifty_steps_alone(splits, name):
    """The oracle: `tests.oracles.padded_training` on padded batches, one head, one seed, one step after another."""
    train, valid = splits
    settings = FitSettings(epochs=5, batch_size=8, seeds=1)
    together = run(make_job(list(HEADS), train, valid, settings), list(HEADS), 1) if name == "cls" else None
    FIFTY.update(together or {})
    state, apply = begin(init(name, HEADS[name], WIDTH, 0)), logits_of(HEADS[name])
    for epoch in range(1, 6):
        for rows in train_plan(train.lengths, 8, 0, epoch, "bucket"):
            batch = gather(train, rows, np.ones(8, np.float32), tokens=True)
            state, _ = train_step(apply, state, batch, jnp.float32(HEADS[name].learning_rate))
    assert len(train.labels) // 8 * 5 == 50
    close(FIFTY[name, 0].last_params, state.params)


FIFTY = {}


@pytest.mark.parametrize("name", SOME)
def test_a_head_does_not_depend_on_which_others_were_asked_for(splits, results, name):
    alone = run(make_job([name], *splits), [name])
    for seed in range(SEEDS):
        close(alone[name, seed].last_params, results[name, seed].last_params, atol=1e-6)


def test_a_seed_does_not_depend_on_how_many_were_asked_for(splits, results):
    settings = FitSettings(epochs=3, batch_size=8, seeds=1)
    for name, own in run(make_job(SOME, *splits, settings), SOME, 1).items():
        exactly(own.last_params, results[name].last_params)


def test_heads_in_one_group_equal_heads_in_groups_of_their_own(splits, results):
    for lane, own in run(make_job(SOME, *splits, together=SOME), SOME).items():
        close(own.last_params, results[lane].last_params)


@pytest.mark.parametrize("memory", ["host", "stream"])
def test_other_memory_trains_too(splits, results, memory):
    found = run(make_job(SOME, *splits, memory=memory, limit=60_000), SOME)
    for lane, own in found.items():
        if memory == "host":  # the same batches
            exactly(own.last_params, results[lane].last_params)
    first, last = (sum(own.history[n].loss for own in found.values()) for n in (0, -1))
    assert last < first


def test_seeds_under_vmap_equal_seeds_one_by_one(splits, results):
    job = make_job(SOME, *splits)
    job.passes = job.fit._passes = Passes([Joint(((n, HEADS[n]),), 64) for n in SOME], SEEDS, together=True)
    for lane, own in run(job, SOME).items():
        close(own.last_params, results[lane].last_params)


def test_one_that_has_stopped_stays_as_it_is(splits):
    """At this rate some lanes of a head stop long before the others."""
    train, valid = splits
    settings = FitSettings(epochs=40, batch_size=8, seeds=3)
    job = make_job(["cls", "max"], train, valid, settings, together=("cls", "max"))
    job.fit._rates.update(cls=1.0, max=1.0)
    found = run(job, ["cls", "max"], 3)
    epochs = {lane: len(own.history) for lane, own in found.items()}
    assert len(set(epochs.values())) > 1
    for (name, seed), own in found.items():
        alone = make_job([name], train, valid, FitSettings(epochs=epochs[name, seed], batch_size=8, seeds=3))
        alone.fit._rates.update({name: 1.0})
        close(run(alone, [name], 3)[name, seed].last_params, own.last_params)


EIGHT = """
import sys, json, numpy as np, jax
sys.path.insert(0, ".")
from tests.train.engine import test_trainer as t
from tests.train.conftest import make_split
splits = make_split(84, seed=1, signal=0.4), make_split(21, seed=2, signal=0.4)
found = t.run(t.make_job(("cls", "gru"), *splits), ("cls", "gru"))
job = t.make_job(("cls", "gru"), *splits)
print(job.passes.mesh.size, jax.device_count())
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
        [float(np.abs(leaf).sum()) for leaf in jax.tree.leaves(results[lane].last_params)]
        for lane in results
        if lane[0] in ("cls", "gru")
    ]
    assert [len(own) for own in here] == [len(own) for own in json.loads(sums)]
    for one, other in zip(here, json.loads(sums), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
