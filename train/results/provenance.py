"""What a run depends on, and what it was made with: cache, settings, machine, versions."""

import dataclasses
import time
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any
from headstart.cache.runtime.text import format_bytes
from headstart.cache.reader import Cache
from headstart.train.engine.history import TrainingProgress
from headstart.train.results.latency import seconds_per_thousand
from headstart.train.engine.trainer import Trainer
from headstart.train.engine.steps import Group
from headstart.train.options import ComparisonSettings
from headstart.train.engine.compiled_epochs import of_seed
from headstart.train.data.split import Split
from headstart.train.results.outcome import TrainedHeads
import os
import platform
import resource
import sys
import jax
from headstart.cache.runtime.environment import multiplies_bfloat16
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable
import numpy as np
from jaxtyping import Float32, Int
from headstart.cache.task import Task
from headstart.train.data.split import Split
from headstart.train.engine.history import FitResult, HeadSeed
from headstart.train.results.baselines import Floor
from headstart.train.results.folder import RunFolder
from headstart.train.engine.loss import Metrics
from headstart.cache.block import LEAST
from headstart.train.results.result import Result, metrics_of
from headstart.train.statistics.summary import summarise




def choose_operands(settings: ComparisonSettings) -> str:
    """Dtype of the operands of the large matmuls."""
    return fast_operands() if settings.precision == "auto" else settings.precision



def facts(cache: Cache, names: Sequence[str], settings: ComparisonSettings, trainer: Trainer) -> dict[str, Any]:
    """Everything that the numbers depend on."""
    own = ("seeds", "epochs", "batch_size", "quick", "batching", "class_weight", "deduplicate")
    streamed = {"memory_limit": trainer.plan.limit} if trainer.plan.mode == "stream" else {}
    return {
        "cache": cache.manifest.key,
        "heads": list(names),
        **{field: getattr(settings, field) for field in own},
        "precision": choose_operands(settings),
        **streamed,
        **{name: version(name) for name in ("jax", "numpy")},
    }



def memory_line(trainer: Trainer) -> str:
    """Where the features live, and why."""
    plan = trainer.plan
    return (
        f"features: {format_bytes(trainer.size)}, {plan.mode} memory ({plan.why}); "
        f"held at most {format_bytes(trainer.held)} of {format_bytes(plan.limit)}"
    )



def made_with(
    cache: Cache,
    settings: ComparisonSettings,
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
    first = trained[0].trainer
    compiled = {id(own.trainer.compiled): own.trainer.compiled.compile_seconds for own in trained}
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
    groups: Sequence[Group], pooling: Sequence[str], split: Split, progress: TrainingProgress
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


LIBRARIES = ("jax", "flax", "optax", "orbax-checkpoint", "numpy", "scikit-learn")



def peak_memory() -> dict[str, int]:
    """The most bytes that this process has used: of the host's memory, and of each device that counts them."""
    unit = 1 if sys.platform == "darwin" else 1024
    peak = {"host": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}
    for device in jax.local_devices():
        stats = device.memory_stats() or {}
        if "peak_bytes_in_use" in stats:
            peak[str(device)] = int(stats["peak_bytes_in_use"])
    return peak



def fast_operands() -> str:
    """Dtype whose large matmuls are fastest here."""
    accelerated = jax.local_devices()[0].platform != "cpu"
    return "bfloat16" if accelerated or multiplies_bfloat16() else "float32"



def environment() -> dict[str, Any]:
    """What a run was computed with."""
    device = jax.local_devices()[0]
    about = {"device": device.device_kind, "devices": jax.local_device_count(), "cores": os.cpu_count()}
    return {"python": platform.python_version(), **about, **{name: version(name) for name in LIBRARIES}}



def described(cache: Cache) -> dict[str, Any]:
    """What a cache was made of, and how its test rows were grouped when they were computed."""
    about = {"name": cache.name, "location": cache.store.location, "key": cache.manifest.key}
    blocks = cache.manifest.splits.get("test", [])
    # a single block says only that all test rows go into one
    rows = blocks[0].rows if len(blocks) > 1 else max([LEAST, *(block.rows for block in blocks)])
    return {
        **about,
        "recipe": cache.recipe.to_json(),
        "source": cache.manifest.source,
        "block_rows": rows,
        "device": cache.manifest.device,
    }
