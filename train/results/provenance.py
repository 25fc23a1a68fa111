"""What a run depends on, and what it was made with: cache, settings, machine, versions, times."""

import dataclasses
import os
import platform
import resource
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from headstart.cache.block import MIN_PART_ROWS
from headstart.cache.reader import Cache
from headstart.cache.runtime.machine import core_count, multiplies_bfloat16
from headstart.cache.runtime.shared_paths import shared_command, shared_path
from headstart.cache.runtime.text import format_bytes
from headstart.train.data.checks import describe_leaks
from headstart.train.data.folds import Rounds
from headstart.train.data.split import Split
from headstart.train.engine.compiled_epochs import of_seed
from headstart.train.engine.lane_steps import LaneGroup
from headstart.train.engine.steps import Group
from headstart.train.engine.trainer import Trainer
from headstart.train.feeds.sampler import FeedSpec, LayerViews
from headstart.train.feeds.table import batch_of, table_of, take
from headstart.train.options import ComparisonSettings
from headstart.train.results.outcome import Outcome, TrainedHeads
from headstart.train.results.run_record import CacheFacts, RunRecord

LIBRARIES = ("jax", "flax", "optax", "orbax-checkpoint", "numpy", "scikit-learn")
NUMERIC = ("seeds", "epochs", "batch_size", "quick", "batching", "class_weight", "deduplicate")
"""Settings that change numbers, beside those that are kept by what they led to."""
TIMED_ROWS = 128
REPEATS = 5


class Experiment(NamedTuple):
    """What is compared: some heads on a cache, as the user set it."""

    cache: Cache
    heads: Sequence[str]
    settings: ComparisonSettings


def choose_operands(settings: ComparisonSettings) -> str:
    """Dtype of the operands of the large matmuls; `auto` is the one whose matmuls are fastest here."""
    if settings.precision != "auto":
        return settings.precision
    accelerated = jax.local_devices()[0].platform != "cpu"
    return "bfloat16" if accelerated or multiplies_bfloat16() else "float32"


def facts(experiment: Experiment, trainer: Trainer) -> dict[str, Any]:
    """Everything that the numbers depend on."""
    streamed = {"memory_limit": trainer.plan.limit} if trainer.plan.mode == "stream" else {}
    return {**choices(experiment), **streamed, **{name: version(name) for name in ("jax", "numpy")}}


def choices(experiment: Experiment) -> dict[str, Any]:
    """Everything that the user chose and the numbers depend on."""
    cache, heads, settings = experiment
    return {
        "cache": cache.manifest.key,
        "heads": list(heads),
        **{field: getattr(settings, field) for field in NUMERIC},
        "precision": choose_operands(settings),
    }


def describe(experiment: Experiment, rounds: Rounds) -> list[str]:
    """Rows, classes, warnings and identical texts, in lines."""
    cache, _, settings = experiment
    rows = ", ".join(f"{name} {len(split.labels):,}" for name, split in rounds.splits[0].items())
    sizes = (
        f"{len(rounds.tested.labels):,} rows in {settings.folds} folds ({rows})"
        if rounds.folds
        else f"{rows} rows"
    )
    task = f"{cache.task.kind}: {shown(cache.task.classes)}"
    leaks = describe_leaks(rounds.leaks, settings.deduplicate)
    return [f"{cache.name}: {sizes}, {task}", *rounds.warnings, leaks]


def shown(classes: Sequence[str]) -> str:
    """Names of classes, as many as fit in a line."""
    names = ", ".join(classes[:8])
    return f"{names}, ... ({len(classes):,} classes)" if len(classes) > 8 else names


def memory_line(trainer: Trainer) -> str:
    """Where the features live, and why."""
    plan = trainer.plan
    return (
        f"features: {format_bytes(trainer.size)}, {plan.mode} memory ({plan.why}); "
        f"held at most {format_bytes(trainer.held)} of {format_bytes(plan.limit)}"
    )


def record_run(
    experiment: Experiment,
    trained: Sequence[TrainedHeads],
    outcome: Outcome,
    inference: dict[str, float],
    start: float,
    folder: str,
) -> RunRecord:
    """What a run found, what it was made with, and what it took.

    Args:
        experiment: What was compared.
        trained: What training left: once, or of each fold.
        outcome: What was found.
        inference: What `inference_seconds` returns.
        start: When the run began, by `time.perf_counter`.
        folder: Folder of the results.
    """
    first = trained[0].trainer
    compiled = {id(heads.trainer.compiled): heads.trainer.compiled.compile_seconds for heads in trained}
    return RunRecord(
        task=experiment.cache.task,
        results=outcome.results,
        histories=outcome.histories,
        statistics=outcome.statistics,
        baselines=outcome.statistics.baselines,
        rows=outcome.rows,
        settings=shared_settings(experiment.settings),
        operands=choose_operands(experiment.settings),
        cache=cache_facts(experiment.cache, folder),
        environment=environment(),
        inference=inference,
        seconds={
            "total": time.perf_counter() - start,
            "training": sum(heads.seconds for heads in trained),
            "compile": sum(compiled.values()),
            "epochs": [seconds for heads in trained for seconds in heads.progress.seconds],
        },
        memory={**first.plan._asdict(), "features": first.size, "held": first.held, "peak": peak_memory()},
        folds=outcome.folds,
    )


def shared_settings(settings: ComparisonSettings) -> ComparisonSettings:
    """Settings as they may be sent on: without paths that tell of the home."""
    return dataclasses.replace(
        settings,
        cache=settings.cache and shared_path(settings.cache),
        cache_dir=shared_path(settings.cache_dir),
        out=shared_path(settings.out),
    )


def cache_facts(cache: Cache, folder: str) -> CacheFacts:
    """What a cache was made of, and how its test rows were grouped when they were computed.

    Args:
        cache: The cache.
        folder: Folder of the results, as seen from which a backbone's folder is named.
    """
    manifest, blocks = cache.manifest, cache.manifest.splits.get("test", [])
    return CacheFacts(
        name=cache.name,
        location=shared_path(cache.store.location),
        key=manifest.key,
        recipe=cache.recipe.to_json(),
        source=shared_source(cache, folder),
        # a single block says only that all test rows go into one
        block_rows=blocks[0].rows
        if len(blocks) > 1
        else max([MIN_PART_ROWS, *(block.rows for block in blocks)]),
        device=manifest.device,
    )


def shared_source(cache: Cache, folder: str) -> dict[str, Any]:
    """The manifest's names of data and backbone, as they may be sent on; see `cache.manifest.Manifest`."""
    source = dict(cache.manifest.source)
    command, backbone = source.get("command"), source.get("backbone_argument")
    if isinstance(command, str):  # of an earlier version it may hold whole paths
        source["command"] = shared_command(command)
    if isinstance(backbone, str) and os.sep in backbone:
        # a name on the hub has such a form, too; earlier versions wrote folders as the user did
        places = [os.path.join(cache.store.location, backbone), backbone]
        place = next(filter(os.path.isdir, places), None)
        if place or os.path.isabs(backbone):
            source["backbone_argument"] = shared_path(place or backbone, folder)
    return source


def environment() -> dict[str, Any]:
    """What a run was computed with."""
    device = jax.local_devices()[0]
    about = {"device": device.device_kind, "devices": jax.local_device_count(), "cores": core_count()}
    releases = {name: version(name) for name in LIBRARIES}
    day = datetime.now(UTC).date().isoformat()
    return {"date": day, "python": platform.python_version(), **about, **releases}


def peak_memory() -> dict[str, int]:
    """The most bytes that this process has used: of the host's memory, and of each device that counts them."""
    unit = 1 if sys.platform == "darwin" else 1024
    peak = {"host": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}
    for device in jax.local_devices():
        stats = device.memory_stats() or {}
        if "peak_bytes_in_use" in stats:
            peak[str(device)] = int(stats["peak_bytes_in_use"])
    return peak


class Reads(NamedTuple):
    """What a head reads of a row: hidden states, pooled vectors of the last layer, pooled vectors of layers."""

    tokens: bool
    pooled: bool
    layers: LayerViews


def inference_seconds(
    groups: Mapping[str, tuple[Group | LaneGroup, Reads]], trained: TrainedHeads
) -> dict[str, float]:
    """Seconds per 1,000 rows of each head, seed 0, on the test rows, the features given.

    Args:
        groups: A group of each head alone by its name, and what it reads.
        trained: What training left of them.
    """
    return {
        name: seconds_per_thousand(
            group, {name: of_seed(trained.progress.best[name], 0)}, trained.splits["test"], reads
        )
        for name, (group, reads) in groups.items()
    }


def seconds_per_thousand(
    group: Group | LaneGroup, params: Mapping[str, PyTree], features: Split, reads: Reads
) -> float:
    """Median seconds for 1,000 rows, after compilation, on one device; a batch of the rows of middling length.

    Args:
        group: A group of one head.
        params: Parameters of that head by its name.
        features: Any split.
        reads: What the head reads.
    """
    middle = np.argsort(features.lengths, kind="stable")
    start = max(0, (len(middle) - TIMED_ROWS) // 2)
    rows = np.sort(middle[start : start + TIMED_ROWS])
    spec = FeedSpec(reads.tokens, reads.pooled, TIMED_ROWS, 1, "exact", reads.layers)
    table = jax.device_put(take(table_of(features, spec), rows))

    @jax.jit
    def run(params: Any, table: Any) -> Any:
        return group.logits(params, batch_of(table, jnp.arange(len(rows))))

    placed = jax.device_put(dict(params))
    jax.block_until_ready(run(placed, table))
    seconds = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        jax.block_until_ready(run(placed, table))
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds) * 1000 / len(rows)
