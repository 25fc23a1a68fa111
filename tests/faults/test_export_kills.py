"""`predict.py export` killed at any moment: a whole folder or none, and the same command ends in its bytes."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..made import ROOT, Made
from .kills import KILLS, Begun, Captured, Tally, kill, show, watch


def start(made: Made, target: Path) -> "subprocess.Popen[str]":
    line = [sys.executable, "predict.py", "export", str(made.run), str(target)]
    line += ["--head", "avg", "--backbone", str(made.backbone)]
    return subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_kill_9(made_run: Callable[[str], Any], tmp_path: Path, capfd: Captured) -> None:
    made, tally = made_run("float32"), Tally("export")

    def begun(target: Path) -> Begun:
        return lambda: list(target.parent.glob(f"{target.name}*"))

    for name in ("compiled", "whole"):  # what the first one compiles makes the second as fast as the others
        life = watch(start(made, tmp_path / name), begun(tmp_path / name))
    whole = digests(tmp_path / "whole")
    for trial in range(KILLS):
        target = tmp_path / f"out-{trial}"
        stage = kill(start(made, target), trial, life, begun(target))
        state = "finished" if target.exists() else "no folder"
        if (
            not target.exists()
        ):  # in a process of its own: the program names the lines that it was traced from
            watch(start(made, target), lambda: True)
        assert digests(target) == whole, trial
        assert list(tmp_path.glob("*.partial")) == []
        tally.add(stage, f"{state}; the same command ends in the same bytes")
        shutil.rmtree(target)
    show(tally, capfd)
