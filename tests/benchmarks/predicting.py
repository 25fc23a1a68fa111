"""Memory and speed of predict.py on a long file, beside stage one's speed on the same texts.

    python tests/benchmarks/predicting.py RUN TEXTS.csv --rows 100000 --head gru

Texts are repeated until there are enough rows. Prints a Markdown table: peak memory of a tenth of the rows and of all.
"""

import argparse
import csv
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from headstart.cache import open_cache

ROOT = Path(__file__).parent.parent.parent


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run")
    parser.add_argument("texts")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--head", default="gru")
    parser.add_argument("--backbone", default="minilm")
    parser.add_argument("--characters", type=int, help="cut texts, to save time (default: whole)")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print("| | rows | peak memory | seconds | rows/s |\n|---|---|---|---|---|")
        for rows in (wanted.rows // 10, wanted.rows):
            source = Path(folder, "texts.csv")
            write(source, wanted.texts, rows, wanted.characters)
            flags = ("--run", wanted.run, "--head", wanted.head, "--input", str(source))
            line = [*flags, "--text-column", "text", "--output", str(Path(folder, "labels.csv"))]
            report("predict.py", rows, *measured("predict.py", *line))
        extract(wanted, folder, wanted.rows // 10)


def extract(wanted: argparse.Namespace, folder: str, rows: int) -> None:
    """Stage one on a tenth of the rows."""
    source = Path(folder, "labelled.csv")
    write(source, wanted.texts, rows, wanted.characters)
    flags = ("--data", str(source), "--backbone", wanted.backbone, "--cache-dir", folder)
    peak, seconds = measured("-m", "extract", *flags)
    report("stage one", rows, peak, seconds)
    (cache,) = (own.parent for own in Path(folder).glob("*/manifest.json"))
    spent = open_cache(str(cache)).manifest.seconds
    print(f"\nstage one's backbone alone: {rows / spent['backbone']:,.0f} rows/s")


def write(path: Path, texts: str, rows: int, characters: int | None) -> None:
    """A file of so many rows, the texts repeated."""
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["text", "label"])
        for number, text in enumerate(itertools.islice(itertools.cycle(read(texts)), rows)):
            table.writerow([text[:characters], number % 2])


def read(texts: str) -> Iterator[str]:
    """The texts of a file, in its column comment_text."""
    with open(texts, newline="", encoding="utf-8") as file:
        return iter([row["comment_text"] for row in csv.DictReader(file)])


def measured(*command: str) -> tuple[float, float]:
    """Peak memory in MB and seconds of a process."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, command
    return usage.ru_maxrss / 1e3, time.perf_counter() - start


def report(name: str, rows: int, peak: float, seconds: float) -> None:
    """One line of the table."""
    print(f"| {name} | {rows:,} | {peak:,.0f} MB | {seconds:,.0f} | {rows / seconds:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
