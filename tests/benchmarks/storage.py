"""What float16 storage costs: the error of every number, and every head's test loss.

    python -m extract --split all --data comments.csv --dtype float16
    python -m extract --split all --data comments.csv --dtype float32
    python bench.py --cache HALF --out results && python bench.py --cache FULL --out results
    python tests/benchmarks/storage.py HALF FULL results

Prints a Markdown table. The two caches must hold the same rows of the same data and backbone.
"""

import csv
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from headstart.cache import Cache, open_cache


def main() -> None:
    """Compare and print."""
    half, full, results = open_cache(sys.argv[1]), open_cache(sys.argv[2]), Path(sys.argv[3])
    print_errors(half, full)
    print_losses(losses(results / half.name), losses(results / full.name))


def print_errors(half: Cache, full: Cache) -> None:
    """Print the largest and the mean absolute error over all splits."""
    largest = total = magnitude = 0.0
    count = 0
    for name in full.manifest.splits:
        error = np.abs(half.split(name).hidden.astype(np.float32) - full.split(name).hidden)
        largest, total, count = (
            max(largest, float(error.max())),
            total + float(error.sum()),
            count + error.size,
        )
        magnitude += float(np.abs(full.split(name).hidden).sum())
    mean = total / count
    print(
        f"largest error {largest:.1e}, mean {mean:.1e}, mean magnitude {magnitude / count:.2f} ({count:,} numbers)\n"
    )


def print_losses(half: dict[str, float], full: dict[str, float]) -> None:
    """Print each head's test loss from either cache."""
    print("| head | float16 | float32 | difference |\n|---|---|---|---|")
    for head, loss in full.items():
        print(f"| {head} | {half[head]:.4f} | {loss:.4f} | {half[head] - loss:+.4f} |")


def losses(folder: Path) -> dict[str, float]:
    """Test loss of each head of a run."""
    with (folder / "results.csv").open() as file:
        return {
            row["head"]: float(row["test_loss"])
            for row in csv.DictReader(file)
            if row["params"] != "0" and "logreg" not in row["head"]
        }


if __name__ == "__main__":
    main()
