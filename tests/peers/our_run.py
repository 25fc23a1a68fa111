"""One run of bench.py, and what its results.json says about time and accuracy.

Read from results.json:

    seconds.total, .compile       seconds of the whole command and of compiling; not there in older versions
    seconds.epochs                seconds of each joint epoch of all heads that still train, without compilation
    results[i]                    head, seed, epochs, test_accuracy, train_seconds
"""

import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from talk import OURS, ROOT, python, variables

FLOORS = {"majority", "tfidf_logreg", "logreg_mean"}


class OurRun(NamedTuple):
    """One comparison of all heads.

    Attributes:
        seconds: wall clock of the whole command, from the shell's point of view.
        compile: seconds of it that went into compiling; None where the run does not say.
        per_head: seconds of an epoch of each head; empty where heads are trained together.
        together: seconds of an epoch of all heads.
        epochs: how many each head ran.
        accuracy: test accuracy by head, one for each seed.
    """

    seconds: float
    compile: float | None
    per_head: dict[str, float]
    together: float
    epochs: dict[str, int]
    accuracy: dict[str, list[float]]


def run_ours(cache: str, heads: str = "all", seeds: int = 1) -> OurRun:
    """Run bench.py as a user does.

    Raises:
        SystemExit: it failed.
    """
    with tempfile.TemporaryDirectory() as out:
        command = [
            python(OURS),
            "bench.py",
            "--heads",
            heads,
            "--seeds",
            str(seeds),
            "--cache",
            cache,
            "--out",
            out,
        ]
        start = time.perf_counter()
        done = subprocess.run(command, cwd=ROOT, env=variables(), capture_output=True, text=True)
        seconds = time.perf_counter() - start
        if done.returncode:
            raise SystemExit(f"bench.py failed:\n{done.stderr[-2000:]}")
        (file,) = Path(out).glob("*/results.json")
        return read_results(json.loads(file.read_text()), seconds)


def read_results(details: dict[str, Any], seconds: float) -> OurRun:
    """Read the parsed results.json of a command that took so many seconds."""
    rows = [row for row in details["results"] if row["head"] not in FLOORS]
    times = details.get("seconds") or {}
    first = [row for row in rows if row["seed"] == 0]
    epochs = {row["head"]: row["epochs"] for row in first}
    per_head = {row["head"]: row["train_seconds"] / row["epochs"] for row in first}
    together = sum(per_head.values())
    if joint := times.get("epochs"):
        # only the epochs in which every head still trains are comparable with a sum over all heads
        per_head, together = {}, statistics.median(joint[: min(epochs.values())])
    accuracy = {head: [row["test_accuracy"] for row in rows if row["head"] == head] for head in epochs}
    return OurRun(seconds, times.get("compile"), per_head, together, epochs, accuracy)
