"""What heads on layers cost beside the four pooling heads: all in one pass, on made-up features of 26,000 rows.

    python tests/benchmarks/layers.py [ROUNDS] [features/<cache>]

Trains, in turns, the four pooling heads and some heads on every layer and on all of them, each with 5 seeds, until
every head has stopped; prints seconds of CPU, which other programs change less than those of the clock.
"""

# ruff: noqa: E402  (JAX reads what prepare_jax sets while it is imported)

import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from headstart.cache.runtime.environment import prepare_jax

prepare_jax()

import numpy as np

from headstart.cache import open_cache
from headstart.cache.task import BINARY, Task
from headstart.heads.modules import first_params
from headstart.heads.spec import spec_of
from headstart.train.engine.settings import TrainingSettings
from headstart.train.engine.trainer import Trainer
from headstart.training import to_train
from tests.train.held_split import HeldSplit

ROWS, WIDTH, LAYERS, SEEDS = 26_000, 384, 7, 5
STATES = tuple(range(LAYERS))
WAYS = {
    "cls,max,avg,maxavg": ("cls", "max", "avg", "maxavg"),
    **{
        f"{base} @ layers": tuple(f"{name}@{layer}" for name in base.split(",") for layer in (*STATES, "all"))
        for base in ("avg", "maxavg", "avg,maxavg", "cls,max,avg,maxavg")
    },
}


def features(rows: int, seed: int) -> HeldSplit:
    """Vectors of which a tenth of the features tell the label, but not quite; layers differ in scale."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, rows).astype(np.int32)
    layers = rng.standard_normal((rows, LAYERS, 3, WIDTH), np.float32)
    layers[..., :38] += 0.15 * (2 * labels - 1)[:, None, None, None]
    layers = (layers * np.geomspace(0.1, 1, LAYERS)[:, None, None]).astype(np.float16)
    return HeldSplit(None, np.ones(rows, np.int32), labels, layers[:, -1], np.arange(rows), [], layers)


class Way:
    """Heads that are trained again and again."""

    def __init__(self, names: tuple[str, ...], splits: dict[str, Any], task: Task) -> None:
        self.outputs = task.outputs
        self.specs = [spec_of(name, STATES, LAYERS - 1) for name in names]
        self.trainer = Trainer(
            to_train(self.specs, 1, "float32", STATES), splits, TrainingSettings(seeds=SEEDS), task
        )
        self.seconds: list[float] = []

    def run(self) -> int:
        """Train; the first time is not counted, as it compiles."""
        loop = self.trainer.loop
        progress = loop.begin(first_params(self.specs, WIDTH, SEEDS, self.outputs))
        start = time.process_time()
        while loop.active(progress):
            progress = loop.epoch(progress)
        self.seconds.append(time.process_time() - start)
        return len(progress.seconds)


def main() -> None:
    """Measure and print."""
    splits: dict[str, Any] = {"train": features(ROWS, 0), "valid": features(ROWS // 8, 1)}
    task = BINARY
    if len(sys.argv) > 2:
        cache = open_cache(sys.argv[2])
        splits, task = {name: cache.split(name) for name in splits}, cache.task
    ways = {name: Way(names, splits, task) for name, names in WAYS.items()}
    epochs = {}
    for _ in range(1 + int(sys.argv[1] if len(sys.argv) > 1 else 3)):
        epochs = {name: way.run() for name, way in ways.items()}
    usual = None
    for name, way in ways.items():
        seconds = statistics.median(way.seconds[1:])
        usual = usual or seconds
        print(
            f"{name:22s} {len(way.specs):3d} heads, {epochs[name]:3d} epochs: {seconds:6.2f} s of CPU "
            f"({1000 * seconds / epochs[name]:.0f} ms an epoch), {seconds / usual:.2f} times the four's"
        )


if __name__ == "__main__":
    main()
