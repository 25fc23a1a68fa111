"""How often the 95 % intervals of few rows hold the truth, from 5 rows and accuracies of 0.55 to 0.99 on.

    python tests/benchmarks/coverage_of_few_rows.py [--trials 300] [--rows 5 20 50 100 200 1000]

Every trial draws a calibrated head's answers to so many rows (`tests/train/statistics/worlds.py`) and scores them as
bench.py does. Prints a Markdown table of shares of trials in per cent; where there is no interval it covers nothing.
The accuracy's intervals are counted exactly by `tests/train/statistics/test_proportion.py`.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from scipy.special import ndtri

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from headstart.cache.task import BINARY
from headstart.train.metrics.scores import metric_names
from headstart.train.statistics.bootstrap import resample
from headstart.train.statistics.entrant import SplitAnswers, enter
from headstart.train.statistics.uncertainty import estimates
from tests.train.statistics.worlds import World

ACCURACIES = (0.55, 0.7, 0.9, 0.95, 0.99)
ENDLESS = 400_000


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--rows", type=int, nargs="+", default=[5, 20, 50, 100, 200, 1000])
    parser.add_argument("--resamples", type=int, default=1000)
    arguments = parser.parse_args()
    print("| accuracy | rows | " + " | ".join(metric_names(BINARY)) + " |")
    print("|---" * (2 + len(metric_names(BINARY))) + "|")
    for accuracy in ACCURACIES:
        world = World(heads=1, signal=float(ndtri(accuracy)))
        truth = world.endless(ENDLESS)
        for rows in arguments.rows:
            held = [trial(world, truth, rows, arguments.resamples, n) for n in range(arguments.trials)]
            shares = " | ".join(f"{100 * share:.0f}" for share in np.mean(held, axis=0))
            print(f"| {accuracy} | {rows} | {shares} |", flush=True)


def trial(world: World, truth: dict[str, float], rows: int, resamples: int, number: int) -> list[bool]:
    """Whether the interval of each metric holds the truth in one draw of the rows."""
    rng = np.random.default_rng([number, rows])
    labels, logits = world.draw(rng, rows, world.train(rng))
    # a threshold of 0.5 is the calibrated head's best; F1's truth is at the same one
    even = SplitAnswers(np.zeros(rows, np.int64), logits)
    head = enter(BINARY, "head0", even, SplitAnswers(labels, logits))
    draws = resample(head.values, rows, resamples, number)
    metrics = estimates(BINARY, labels, head, draws)
    return [
        metrics[name].low is not None and metrics[name].low <= value <= metrics[name].high
        for name, value in truth.items()
    ]


if __name__ == "__main__":
    main()
