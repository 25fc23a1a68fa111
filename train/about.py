"""What a run depends on, and what it was made with."""

import dataclasses
import time
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from cache.listing import readable
from cache.reader import Cache
from train.fit import Progress
from train.inference import seconds_per_thousand
from train.job import Job
from train.joint import Group
from train.machine import environment, fast_operands, peak_memory
from train.options import Settings
from train.outcome import described
from train.seeds import of_seed
from train.some_rows import Readable
from train.trained_heads import TrainedHeads


def choose_operands(settings: Settings) -> str:
    """Dtype of the operands of the large matmuls."""
    return fast_operands() if settings.precision == "auto" else settings.precision


def facts(cache: Cache, names: Sequence[str], settings: Settings, job: Job) -> dict[str, Any]:
    """Everything that the numbers depend on."""
    own = ("seeds", "epochs", "batch_size", "quick", "batching", "class_weight", "deduplicate")
    streamed = {"memory_limit": job.plan.limit} if job.plan.mode == "stream" else {}
    return {
        "cache": cache.manifest.key,
        "heads": list(names),
        **{field: getattr(settings, field) for field in own},
        "precision": choose_operands(settings),
        **streamed,
        **{name: version(name) for name in ("jax", "numpy")},
    }


def memory_line(job: Job) -> str:
    """Where the features live, and why."""
    plan = job.plan
    return (
        f"features: {readable(job.size)}, {plan.mode} memory ({plan.why}); "
        f"held at most {readable(job.held)} of {readable(plan.limit)}"
    )


def made_with(
    cache: Cache,
    settings: Settings,
    trained: Sequence[TrainedHeads],
    inference: dict[str, float],
    start: float,
) -> dict[str, Any]:
    """What a run was made with, and what it took.

    Args:
        cache: its features.
        settings: of the comparison.
        trained: of all rows, or of each fold.
        inference: see `inference_seconds`.
        start: when it began, of `time.perf_counter`.
    """
    first = trained[0].job
    compiled = {id(own.job.passes): own.job.passes.compile_seconds for own in trained}
    return {
        "settings": dataclasses.asdict(settings),
        "operands": choose_operands(settings),
        "cache": described(cache),
        "environment": environment(),
        "inference": inference,
        "seconds": {
            "total": time.perf_counter() - start,
            "training": sum(own.seconds for own in trained),
            "compile": sum(compiled.values()),
            "epochs": [seconds for own in trained for seconds in own.progress.seconds],
        },
        "memory": {**first.plan._asdict(), "features": first.size, "held": first.held, "peak": peak_memory()},
    }


def inference_seconds(
    groups: Sequence[Group], pooling: Sequence[str], split: Readable, progress: Progress
) -> dict[str, float]:
    """Seconds per 1,000 rows of each head, the features given.

    Args:
        groups: of one head each.
        pooling: heads that read pooled vectors only.
        split: some rows.
        progress: of a training that is over; seed 0 is timed.
    """
    found = {}
    for group in groups:
        (name,) = group.names
        params, tokens = {name: of_seed(progress.best[name], 0)}, name not in pooling
        found[name] = seconds_per_thousand(group, params, split, tokens, not tokens)
    return found
