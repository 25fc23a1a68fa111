"""How often the intervals hold the truth, and how often equal heads are told apart, on made-up heads.

    python tests/benchmarks/coverage.py [--trials 1000] [--rows 382] [--resamples 1000]

Every trial draws ten equally good heads (`tests/train/statistics/worlds.py`), validation and test rows, and hands them
to `summarise` as bench.py does. Figures are shares of trials in per cent, with their Monte-Carlo standard error. The
coverage should be 95, a false difference between any two of the ten heads in at most 5.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.special import ndtr

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from headstart.cache.task import BINARY
from headstart.train.statistics.entrant import SplitAnswers
from headstart.train.statistics.summary import summarise
from tests.train.statistics.worlds import World

WORLDS = {
    "one seed, calibrated": World(),
    "one seed, too sure": World(temperature=0.5),
    "one seed, heads nearly alike": World(shared=0.97),
    "five seeds, alike": World(seeds=5),
    "five seeds, sd of the accuracy 0.012": World(seeds=5, spread=0.05),
}


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=382)
    parser.add_argument("--resamples", type=int, default=1000)
    arguments = parser.parse_args()
    print(f"{arguments.trials:,} trials, {arguments.rows:,} rows, {arguments.resamples:,} resamples")
    for name, world in WORLDS.items():
        print(f"\n{name}")
        figures = defaultdict(list)
        for trial in range(arguments.trials):
            for key, hit in outcome(world, arguments.rows, arguments.resamples, trial):
                figures[key].append(hit)
        for key, hits in figures.items():
            print(line(key, hits), flush=True)


def line(key: str, hits: list[bool]) -> str:
    """Share in per cent, and its standard error from chance in the trials."""
    share = float(np.mean(hits))
    return f"  {key:<44}{100 * share:>6.1f} +- {100 * (share * (1 - share) / len(hits)) ** 0.5:.1f}"


def outcome(world: World, rows: int, resamples: int, trial: int) -> Iterator[tuple[str, bool]]:
    """What one trial shows of its first head and of the ten together."""
    rng = np.random.default_rng([trial, rows])
    signals = world.train(rng)
    valid, test = (world.draw(rng, rows, signals) for _ in range(2))
    summary = summarise(BINARY, SplitAnswers(*valid), SplitAnswers(*test), seed=trial, resamples=resamples)
    metrics, first = summary.metrics["head0"], summary.pairs[0]
    yield "told apart: any two of ten", any(pair.differs for pair in summary.pairs)
    yield "McNemar alone below 0.05: first two", first.p <= 0.05
    accuracies, accuracy = ndtr(signals[..., 0]).mean(axis=1), metrics["accuracy"]
    yield "covered: difference of two accuracies", first.low <= accuracies[0] - accuracies[1] <= first.high
    yield "covered: accuracy", accuracy.low <= accuracies[0] <= accuracy.high
    if world.seeds > 1:
        anew = ndtr(world.signal + world.spread * rng.normal())
        yield "covered: accuracy of a head trained anew", accuracy.anew_low <= anew <= accuracy.anew_high
    if world.spread == 0:
        for name, truth in (truths(world) | world.f1(summary.threshold["head0"])).items():
            yield f"covered: {name}", metrics[name].low <= truth <= metrics[name].high


def truths(world: World) -> dict[str, float]:
    """Metrics on endless rows, but for the accuracy, which `outcome` knows exactly."""
    if world not in _TRUTHS:
        _TRUTHS[world] = {name: value for name, value in world.endless().items() if name != "accuracy"}
    return _TRUTHS[world]


_TRUTHS: dict[World, dict[str, float]] = {}


if __name__ == "__main__":
    main()
