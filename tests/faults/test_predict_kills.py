"""`predict.py` killed at any moment: the same command ends in the bytes of an undisturbed run."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..made import ROOT, Made
from .conftest import KILLS

WORK = """
import headstart.extract.predict.chunks
import headstart.predict
headstart.extract.predict.chunks.part_of = lambda block: 40
headstart.predict.main()
"""


def start(made: Made, source: Path, target: Path) -> "subprocess.Popen[str]":
    flags = ("--run", str(made.run), "--head", "gru", "--input", str(source), "--output", str(target))
    line = [sys.executable, "-c", WORK, *flags]
    return subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_kill_9(ending: str, made_run: Callable[[str], Any], tmp_path: Path) -> None:
    made, source, whole = made_run("mixed"), tmp_path / "in.csv", tmp_path / f"whole{ending}"
    source.write_text("\n".join(["text", *(text for _ in range(40) for text in made.texts)]))
    process = start(made, source, whole)
    began = time.monotonic()
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    seconds, target, kills, finished = time.monotonic() - began, tmp_path / f"out{ending}", 0, 0
    for trial in range(KILLS):
        process = start(made, source, target)
        time.sleep(random.Random(trial).uniform(0.5, 1) * seconds)
        process.kill()
        process.communicate()
        kills += process.returncode != 0
        if target.exists():  # the next one begins anew
            assert target.read_bytes() == whole.read_bytes()
            target.unlink()
            finished += 1
    notes = tmp_path / f"out{ending}.partial.json"
    labelled = notes.exists() and json.loads(notes.read_text())["pieces"] > 0
    process = start(made, source, target)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert ("going on behind the first" in errors) == labelled
    assert target.read_bytes() == whole.read_bytes()
    assert list(tmp_path.glob("*.partial*")) == []
    print(f"{kills} kills, finished {finished} times on the way", end=" ")
