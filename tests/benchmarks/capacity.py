"""What stage one costs: time, memory and disk as rows grow, and what follows for larger machines.

    python tests/benchmarks/capacity.py DATA.csv --backbone minilm [--rows 1000 4000 16000 64000]

Rows are drawn from the file with replacement. Every size is one fresh process of `python -m extract`; run the
command twice for figures with a warm compilation cache. The estimates are arithmetic, not measurements: the model's
FLOPs over the published bfloat16 peak of a machine, times the share of the peak that is assumed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from headstart.cache import open_cache
from headstart.cache.manifest import Manifest
from headstart.extract.checkpoint.architecture import Architecture, read_architecture
from headstart.extract.checkpoint.checkpoint import find_checkpoint

SHARE = 0.4  # of the published peak
MACHINES = {"TPU v3-8": 8 * 52.5e12, "one H100 SXM": 989e12, "TPU v5e-256 pod": 256 * 197e12}
NOTEBOOK_ROWS, BILLION = 32_450, 10**9


class Measured(NamedTuple):
    """One run: wall clock in seconds, peak memory in bytes, and the cache's manifest."""

    wall: float
    peak: int
    manifest: Manifest


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data")
    parser.add_argument("--backbone", default="minilm")
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 4000, 16_000, 64_000])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs = {
            rows: measure(arguments.data, arguments.backbone, rows, Path(folder)) for rows in arguments.rows
        }
    print_growth(runs)
    checkpoint = find_checkpoint(arguments.backbone)
    print_estimates(read_architecture(checkpoint.config, checkpoint.name), max(runs.items())[1].manifest)


def measure(data: str, backbone: str, rows: int, folder: Path) -> Measured:
    """Run stage one on so many rows, drawn with replacement."""
    table = pd.read_csv(data)
    chosen = np.random.default_rng(0).integers(0, len(table), rows)
    path = folder / f"rows-{rows}.csv"
    table.iloc[chosen].to_csv(path, index=False)
    cache_dir = folder / str(rows)
    command = [sys.executable, "-m", "extract", "--data", str(path), "--backbone", backbone, "--cache-dir"]
    start = time.perf_counter()
    process = subprocess.Popen([*command, str(cache_dir)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed")
    (cache,) = cache_dir.iterdir()
    measured = Measured(wall, usage.ru_maxrss * 1024, open_cache(str(cache)).manifest)
    subprocess.run(["rm", "-r", str(cache_dir), str(path)], check=True)
    return measured


def print_growth(runs: dict[int, Measured]) -> None:
    """Print a Markdown table, a row for each size."""
    print(
        "| rows | tokens | whole command | backbone | ratio | tokens/s | s per million tokens | padding | peak memory |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for rows, (wall, peak, manifest) in runs.items():
        backbone, tokens = manifest.seconds["backbone"], manifest.tokens
        print(
            f"| {rows:,} | {tokens:,} | {wall:.1f} s | {backbone:.1f} s | {wall / backbone:.2f} | "
            f"{tokens / backbone:,.0f} | {1e6 * backbone / tokens:.1f} | {manifest.padding_waste:.1%} | "
            f"{peak / 1e6:,.0f} MB |"
        )


def print_estimates(architecture: Architecture, manifest: Manifest) -> None:
    """Print what larger machines would need, from FLOPs and published peaks."""
    mean = manifest.tokens / manifest.rows
    print(
        f"\n| machine ({SHARE:.0%} of its bfloat16 peak) | {NOTEBOOK_ROWS:,} rows | a billion rows |\n|---|---|---|"
    )
    for name, peak in MACHINES.items():
        seconds = [
            architecture.flops(int(rows * mean), mean) / (SHARE * peak) for rows in (NOTEBOOK_ROWS, BILLION)
        ]
        print(f"| {name} | {seconds[0]:.2f} s | {seconds[1] / 3600:.2f} h |")
    for rows in (NOTEBOOK_ROWS, BILLION):
        every, pooled = (rows * vectors * architecture.dim * 2 / 1e9 for vectors in (mean, 3))
        print(
            f"\nfloat16 cache of {rows:,} rows: {every:,.1f} GB of tokens, {pooled:,.1f} GB with `--views pooled`"
        )


if __name__ == "__main__":
    main()
