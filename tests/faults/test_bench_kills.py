"""`bench.py` killed at any moment: the same command ends in the table of an undisturbed run."""

import csv
import random
import subprocess
import sys
import time
from pathlib import Path

import jax
import pytest

from headstart.cache import UserError
from headstart.train.results.folder import RunFolder
from headstart.train.results.verify import prove

from ..made import run_bench
from ..test_bench_runs import NAME, ROOT, make
from .kills import KILLS, Begun, Captured, Tally, kill, show, watch


def flags(features: Path, out: Path) -> list[str]:
    training = ["--heads", "cls,gru", "--seeds", "2", "--epochs", "12", "--batch-size", "32", "--no-floors"]
    places = ["--precision", "float32", "--cache-dir", str(features), "--out", str(out)]
    return [*training, *places]


def start(features: Path, out: Path, *more: str) -> "subprocess.Popen[str]":
    line = [sys.executable, "bench.py", *flags(features, out), *more]
    return subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "results.csv").open() as file:
        return [{**row, "train_seconds": ""} for row in csv.DictReader(file)]


def state_of(folder: Path) -> str:
    """What a kill left: a run that can be proved, or one that says that it is none."""
    if (folder / "results.json").exists():
        assert "sound" in prove(RunFolder(str(folder)))
        return "a sound run"
    with pytest.raises(UserError, match="holds no finished run"):
        RunFolder(str(folder)).record()
    return "unfinished, and said so"


def test_kill_9(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Captured) -> None:
    monkeypatch.setenv("JAX_NUM_CPU_DEVICES", str(jax.local_device_count()))
    features, tally = make(tmp_path / "features"), Tally("bench (the last three of four on what is there)")
    for name in ("compiled", "whole"):  # what the first one compiles makes the second as fast as the others
        life = watch(start(features, tmp_path / name), begun(tmp_path / name))
    whole = table(tmp_path / "whole" / NAME)
    for trial in range(KILLS):
        folder = tmp_path / f"out-{trial // 4}" / NAME
        resumed = [] if trial % 2 else ["--fresh"]
        process = start(features, folder.parent, *resumed)
        stage = kill(process, trial, life, begun(folder.parent))
        tally.add(stage, state_of(folder))
        if trial % 4 == 3:
            ended = run_bench(*flags(features, folder.parent))
            assert ended.returncode == 0, ended.stderr
            tally.add("(then the same command", "the same table)")
            assert table(folder) == whole
            assert state_of(folder) == "a sound run"
            assert not list(folder.rglob("*.partial"))
    show(tally, capfd)


def begun(out: Path) -> Begun:
    """Whether a state or a result of a run is there."""
    return lambda: [path for path in out.glob(f"{NAME}/*/*") if "lock" not in path.name]


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
