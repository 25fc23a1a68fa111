"""`predict.py` killed at any moment: the same command ends in the bytes of an undisturbed run."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..made import ROOT, Made
from .kills import KILLS, Captured, Tally, kill, show, watch

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


def left(target: Path, whole: Path) -> str:
    """What a kill left; of what is labelled so far, the notes beside it say how much."""
    if target.exists():
        assert target.read_bytes() == whole.read_bytes()
        return "the same bytes"
    return "no output, and parts to go on from" if parts_of(target) else "no output"


def parts_of(target: Path) -> int:
    """Parts that are labelled and safe."""
    notes = Path(f"{target}.partial.json")
    return int(json.loads(notes.read_text())["pieces"]) if notes.exists() else 0


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_kill_9(ending: str, made_run: Callable[[str], Any], tmp_path: Path, capfd: Captured) -> None:
    made, source, whole = made_run("mixed"), tmp_path / "in.csv", tmp_path / f"whole{ending}"
    source.write_text("\n".join(["text", *(text for _ in range(40) for text in made.texts)]))
    life = watch(start(made, source, whole), lambda: list(tmp_path.glob("whole*")))
    target, tally = tmp_path / f"out{ending}", Tally(f"predict to {ending}")
    for trial in range(KILLS // 3 + 1):
        parts = parts_of(target)  # this one goes on behind them
        process = start(made, source, target)
        stage = kill(process, 3 * trial, life, lambda parts=parts: parts_of(target) > parts)
        tally.add(stage, left(target, whole))
        if target.exists():  # the next one begins anew
            target.unlink()
    labelled = parts_of(target) > 0
    process = start(made, source, target)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert ("going on behind the first" in errors) == labelled
    assert target.read_bytes() == whole.read_bytes()
    assert list(tmp_path.glob("*.partial*")) == []
    show(tally, capfd)
