"""A small run that the code before `RunRecord` wrote: one head and the majority class, on twelve test rows."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from headstart.cache.recipe import Recipe
from headstart.train.engine.history import EpochRecord, FitResult
from headstart.train.predict.trained_head import Trained
from headstart.train.results.folder import RunFolder
from headstart.train.results.run_record import RunRecord

BEFORE: dict[str, Any] = json.loads(Path(__file__).with_name("run_before.json").read_text())


def trained_head(**fields: Any) -> Trained:
    """Its head with made-up parameters, from `results.json` with other values in some fields."""
    run = RunRecord.from_json(BEFORE | fields)
    random = np.random.default_rng(0)
    params = {
        "dense": {"kernel": random.normal(size=(16, 3)).astype(np.float32), "bias": np.zeros(3, np.float32)}
    }
    return Trained("avg", 0, Recipe.from_json(run.cache.recipe), params, run, "identity")


def finished(path: Path) -> RunRecord:
    """Its folder as bench.py writes it now: checkpoints of the head, predictions, table, record with SHA-256s."""
    folder, params = RunFolder(str(path)), trained_head().params
    folder.prepare()
    history = (EpochRecord(1, 0.5, 0.7, 0.4, 0.8, 1e-3, False),)
    with folder.replaced() as fresh:
        fresh.save_head("avg", 0, FitResult(history, params, params, 1, 0.4, False, 2.0, 8), "a title")
        for split in ("valid", "test"):
            logits = {f"{name}/0": np.zeros((12, 3), np.float32) for name in ("majority", "avg")}
            fresh.save_predictions(split, {"labels": np.arange(12) % 3, "rows": np.arange(12), **logits})
        run = dataclasses.replace(RunRecord.from_json(BEFORE), digests=fresh.digests)
        fresh.save_record(run, {"avg": "a title"})
    return run


def flip(path: Path, bit: int) -> None:
    """Turn one bit of a file over."""
    content = bytearray(path.read_bytes())
    content[bit // 8 % len(content)] ^= 1 << bit % 8
    path.write_bytes(content)
