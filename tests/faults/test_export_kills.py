"""`predict.py export` killed at any moment: a whole folder or none, and the same command ends in its bytes."""

import hashlib
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..made import ROOT, Made
from .conftest import KILLS


def start(made: Made, target: Path) -> "subprocess.Popen[str]":
    flags = ("--head", "avg", "--backbone", str(made.backbone))
    line = [sys.executable, "predict.py", "export", str(made.run), str(target), *flags]
    return subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_its_folder(process: "subprocess.Popen[str]", target: Path) -> float:
    """Wait until something of an export is on disk: before that, only libraries are imported. Returns the time."""
    while process.poll() is None and not list(target.parent.glob(f"{target.name}.*.partial")):
        time.sleep(0.005)
    return time.monotonic()


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_kill_9(made_run: Callable[[str], Any], tmp_path: Path) -> None:
    made, seconds = made_run("float32"), 0.0
    for name in ("compiled", "whole"):  # what the first one compiles makes the second as fast as the others
        process = start(made, tmp_path / name)
        began = wait_for_its_folder(process, tmp_path / name)
        _, errors = process.communicate()
        assert process.returncode == 0, errors
        seconds = time.monotonic() - began
    whole, killed, finished = digests(tmp_path / "whole"), 0, 0
    for trial in range(KILLS):
        target = tmp_path / f"out-{trial}"
        process = start(made, target)
        wait_for_its_folder(process, target)
        time.sleep(random.Random(trial).uniform(0, 1) * seconds)
        process.kill()
        process.communicate()
        killed += process.returncode != 0
        if target.exists():
            finished += 1
            assert digests(target) == whole
            continue
        process = start(made, target)
        _, errors = process.communicate()
        assert process.returncode == 0, errors
        assert digests(target) == whole
        assert list(tmp_path.glob("*.partial")) == []
    print(f"{killed} kills, {finished} whole at once", end=" ")
