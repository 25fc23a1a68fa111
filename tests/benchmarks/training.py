"""How fast heads are trained: pooling heads on made-up features, and a step of all ten on a cache.

    python tests/benchmarks/training.py [features/<cache>]

Prints the seconds of 50 epochs of the four pooling heads with 5 seeds on 26,000 rows of width 768. With a cache it also
prints, in medians of interleaved runs, a step of all ten heads: heads as groups of their own and as one group, float32
and bfloat16 operands, batches by length and plainly shuffled, and the share of the measured peak of a large matmul.
"""

# ruff: noqa: E402  (JAX reads what prepare_jax sets while it is imported)

import itertools
import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from headstart.cache.runtime.environment import prepare_jax

prepare_jax()

import jax
import jax.numpy as jnp
import numpy as np

from headstart.cache import open_cache
from headstart.heads import HEADS
from headstart.heads.fused.fused_heads import FusedHeads
from headstart.heads.modules import init
from headstart.train.engine.compiled_epochs import CompiledEpochs
from headstart.train.engine.loop import TrainingLoop
from headstart.train.engine.settings import TrainingSettings
from headstart.train.engine.trainer import HeadsToTrain, Trainer
from headstart.train.feeds.feed import DeviceFeed
from headstart.train.feeds.sampler import FeedSpec
from headstart.train.feeds.table import EpochChunk
from headstart.train.stopping import EarlyStopping
from tests.train.held_split import HeldSplit

ROWS, WIDTH, SEEDS, EPOCHS, BATCH = 26_000, 768, 5, 50, 128
STEPS, REPEATS = 8, 5


def main() -> None:
    """Measure and print."""
    pooling()
    if len(sys.argv) > 1:
        steps(sys.argv[1])


def made(rows: int, seed: int) -> HeldSplit:
    """Features whose mean vector tells the label, but not quite."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, rows).astype(np.int32)
    pooled = rng.standard_normal((rows, 3, WIDTH), np.float32)
    pooled[:, :, 0] += 2 * labels[:, None] - 1
    return HeldSplit(
        np.zeros((rows, WIDTH), np.float16), np.ones(rows, np.int32), labels, pooled.astype(np.float16)
    )


def pooling() -> None:
    """Train four heads with five seeds for all epochs."""
    names = [name for name in HEADS if not HEADS[name].reads_tokens]
    groups = [FusedHeads(tuple((name, HEADS[name]) for name in names), 1)]
    never = TrainingSettings(EPOCHS, BATCH, SEEDS, stopping=EarlyStopping(patience=EPOCHS))
    splits = {"train": made(ROWS, 0), "valid": made(ROWS // 8, 1)}
    rates = {name: HEADS[name].learning_rate for name in names}
    trainer = Trainer(HeadsToTrain(groups, rates, tokens=False, pooled=True), splits, never)
    params = {name: [init(name, HEADS[name], WIDTH, seed) for seed in range(SEEDS)] for name in names}
    progress = trainer.loop.begin(params)
    while trainer.loop.active(progress):
        progress = trainer.loop.epoch(progress)
    print(
        f"four pooling heads, {SEEDS} seeds, {len(progress.seconds)} epochs, {ROWS:,} rows of width {WIDTH}: "
        f"{sum(progress.seconds):.1f} s after {trainer.compiled.compile_seconds:.1f} s of compilation"
    )


def steps(location: str) -> None:
    """Print a step of all ten heads in several ways, side by side."""
    features = open_cache(location).split("train")
    ways = list(itertools.product(("apart", "one group"), ("float32", "bfloat16"), ("bucket", "exact")))
    runs = {way: StepRun(features, *way) for way in ways}
    for run in runs.values():
        run.seconds()
    found: dict[Any, list[float]] = {way: [] for way in ways}
    for _ in range(REPEATS):
        for way, run in runs.items():
            found[way].append(run.seconds())
    peaks = {dtype: peak(dtype) for dtype in ("float32", "bfloat16")}
    print(
        "\n| heads | operands | batches | ms/step | GFLOP of real tokens | share of peak |\\n|---|---|---|---|---|---|"
    )
    for way, run in runs.items():
        step = statistics.median(found[way])
        share = run.flops / step / peaks[way[1]]
        print(f"| {' | '.join(way)} | {1e3 * step:.0f} | {run.flops / 1e9:.1f} | {share:.0%} |")
    print(f"\npeak of a large matmul: {', '.join(f'{k} {v / 1e9:.0f} GFLOP/s' for k, v in peaks.items())}")


class StepRun:
    """The first steps of an epoch, again and again."""

    def __init__(self, features: Any, together: str, dtype: str, batching: Any) -> None:
        names = [(name,) for name in HEADS] if together == "apart" else [tuple(HEADS)]
        longest = int(features.lengths.max())
        groups = [FusedHeads(tuple((name, HEADS[name]) for name in own), longest, dtype) for own in names]
        self.compiled = CompiledEpochs(groups, 1, tokens_as_bfloat16=dtype == "bfloat16")
        feed = DeviceFeed(features, FeedSpec(True, True, BATCH, 1, batching), self.compiled.place)
        chunk = next(feed.train(1))
        self.chunk = EpochChunk(chunk.table, chunk.batches, min(STEPS, chunk.steps))
        width = features.pooled.shape[-1]
        self.params = {name: [init(name, HEADS[name], width, 0)] for name in HEADS}
        self.loop = TrainingLoop(self.compiled, feed, feed, dict.fromkeys(HEADS, 1e-3), TrainingSettings())
        rows = chunk.batches[0, : self.chunk.steps]
        self.flops = 2 * macs(width) * features.lengths[rows].sum() / self.chunk.steps

    def seconds(self) -> float:
        """Seconds of one step."""
        states = self.loop.begin(self.params).states
        rates = {name: np.full(1, 1e-3, np.float32) for name in HEADS}
        start = time.perf_counter()
        jax.block_until_ready(
            self.compiled.train(states, self.chunk, rates, dict.fromkeys(HEADS, np.ones(1, bool)))
        )
        return (time.perf_counter() - start) / self.chunk.steps


def macs(width: int) -> int:
    """Multiplications of one token, there and back: kernels twice, recurrent kernels three times."""
    total = 0
    for head in HEADS.values():
        if head.reads_tokens:
            gates = {"gru": 3, "lstm": 4}[head.cell] * head.units * (1 + head.bidirectional)
            total += 2 * width * gates + 3 * head.units * gates
    return total


def peak(dtype: str) -> float:
    """Best FLOP/s of a matmul of 4,096 in each direction."""
    square = jnp.ones((4096, 4096), dtype)
    multiply = jax.jit(lambda left, right: jnp.dot(left, right, preferred_element_type=jnp.float32))
    times = []
    for _ in range(5):
        start = time.perf_counter()
        multiply(square, square).block_until_ready()
        times.append(time.perf_counter() - start)
    return 2 * 4096**3 / min(times)


if __name__ == "__main__":
    main()
