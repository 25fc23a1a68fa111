"""A small run that the code before `RunRecord` wrote: one head and the majority class, on twelve test rows."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from headstart.cache.recipe import Recipe
from headstart.train.predict.trained_head import Trained
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
