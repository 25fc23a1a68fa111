"""`bench.py` killed at any moment: `--resume` ends in the table of an undisturbed run; till then it is unfinished."""

import csv
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from headstart.cache import UserError
from headstart.train.results.folder import RunFolder
from headstart.train.results.verify import prove

from ..test_bench_runs import NAME, ROOT, make
from .conftest import KILLS


def start(features: Path, out: Path, *flags: str) -> "subprocess.Popen[str]":
    training = ["--heads", "cls,gru", "--seeds", "2", "--epochs", "12", "--batch-size", "32", "--no-floors"]
    places = ["--precision", "float32", "--cache-dir", str(features), "--out", str(out)]
    line = [sys.executable, "bench.py", *training, *places, *flags]
    return subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "results.csv").open() as file:
        return [{**row, "train_seconds": ""} for row in csv.DictReader(file)]


def test_kill_9(tmp_path: Path) -> None:
    features = make(tmp_path / "features")
    for name in (
        "compiled",
        "whole",
    ):  # what the first one has compiled makes the second as fast as the others
        process, began = start(features, tmp_path / name), time.monotonic()
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    seconds, whole = time.monotonic() - began, table(tmp_path / "whole" / NAME)
    unfinished: list[str] = []
    killed = resumed = 0
    for trial in range(KILLS):
        out = tmp_path / f"out-{trial // 4}"  # the last three of four go on, or begin anew, on what is there
        flags = ["--resume"] if trial % 2 else []
        process = start(features, out, *flags)
        time.sleep(random.Random(trial).uniform(0.3, 1) * seconds)
        process.kill()
        process.communicate()
        killed += process.returncode != 0
        try:
            RunFolder(str(out / NAME)).record()
        except UserError as error:
            unfinished.append(str(error))
        else:
            assert "sound" in prove(RunFolder(str(out / NAME)))
        if trial % 4 == 3:
            process = start(features, out, "--resume")
            _, errors = process.communicate()
            assert process.returncode == 0, errors
            resumed += "going on behind epoch" in errors
            assert table(out / NAME) == whole
            assert "sound" in prove(RunFolder(str(out / NAME)))
            assert not list((out / NAME).rglob("*.partial"))
    assert all("holds no finished run" in line for line in unfinished)
    print(f"{killed} kills, {len(unfinished)} unfinished, {resumed} gone on with", end=" ")


def test_a_kill_among_pairs(tmp_path: Path) -> None:
    """Two at once on one folder: one is refused in a line, whichever is first; a killed one holds nothing."""
    features, out = make(tmp_path / "features"), tmp_path / "out"
    for trial in range(2):
        pair = [start(features, out), start(features, out)]
        ends = [process.communicate() for process in pair]
        codes = sorted(process.returncode for process in pair)
        assert codes in ([0, 0], [0, 2]), ends  # one after the other, if the machine is slow
        refused = [errors for process, (_, errors) in zip(pair, ends, strict=True) if process.returncode]
        assert all("is being written by" in errors and "Traceback" not in errors for errors in refused)
        assert "sound" in prove(RunFolder(str(out / NAME)))
        killed = start(features, out)
        time.sleep(random.Random(trial).uniform(1, 4))
        killed.kill()
        killed.communicate()


pytestmark = pytest.mark.faults
