"""A repair that is killed: what the manifest promised is asked for, and the same command ends in the same bytes."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.cache import open_cache
from headstart.cache.inspect.listing import describe_line
from headstart.cache.inspect.verify import verify

from ..extract.conftest import DISTILBERT, random_weights, save_backbone
from .conftest import ROOT, fingerprint
from .kills import KILLS, Begun, Captured, Tally, kill, show, watch

LOST = ("train/00001", "train/00003", "valid/00000")
"""Blocks that are damaged."""

Repair = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def repair(comments: Path, tmp_path_factory: pytest.TempPathFactory) -> Repair:
    """Starts the repair of a cache, in a group of processes of its own."""
    backbone = save_backbone(tmp_path_factory.mktemp("b") / "tiny", DISTILBERT, random_weights(DISTILBERT))

    def start(
        cache: Path, command: tuple[str, ...] = ("cache", "repair"), output: int = subprocess.PIPE
    ) -> "subprocess.Popen[str]":
        flags = ["--data", str(comments), "--backbone", str(backbone), "--max-length", "32"]
        flags += ["--block-rows", "40", "--cache-dir", str(cache.parent)]
        line = [sys.executable, "-m", *command, *([str(cache), "--"] if "repair" in command else []), *flags]
        return subprocess.Popen(
            line,
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    return start


@pytest.fixture(scope="module")
def damaged(repair: Repair, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of which three blocks are damaged."""
    folder = tmp_path_factory.mktemp("damaged")
    process = repair(folder / "x", ("extract",))
    output, _ = process.communicate()
    assert process.returncode == 0, output
    (cache,) = folder.iterdir()
    for name in LOST:
        (cache / name / "rows/c/0").write_bytes(b"")
    return cache


def copy_of(damaged: Path, folder: Path) -> Path:
    return Path(shutil.copytree(damaged, folder / damaged.name))


def dropped(cache: Path) -> Begun:
    """Whether the damaged blocks are gone: the repair has begun."""
    return lambda: any(not (cache / name / "rows/c/0").exists() for name in LOST)


def state_of(cache: Path, damaged: Path, whole: dict[str, str]) -> str:
    """What a kill left; what the manifest promises is asked for."""
    problems = verify(open_cache(str(cache)))
    assert open_cache(str(cache)).manifest.splits == open_cache(str(damaged)).manifest.splits
    if not problems:
        assert fingerprint(cache) == whole
        return "sound"
    if any(problem.kind == "missing" and not problem.detail.startswith("rows") for problem in problems):
        assert "unfinished" in describe_line(str(cache))
        return "unfinished, and said so"
    return "damaged, and said so"


def test_kill_9(damaged: Path, repair: Repair, tmp_path: Path, capfd: Captured) -> None:
    first, tally = copy_of(damaged, tmp_path / "first"), Tally("repair")
    life = watch(repair(first), dropped(first))
    assert verify(open_cache(str(first))) == []
    whole = fingerprint(first)
    for trial in range(KILLS):
        cache = copy_of(damaged, tmp_path / str(trial))
        process = repair(cache, output=subprocess.DEVNULL)
        # of each eight one leaves alone what it has started
        stage = kill(process, trial, life, dropped(cache), group=trial % 8 != 1)
        state = state_of(cache, damaged, whole)
        again = repair(cache)
        output, _ = again.communicate()
        assert again.returncode == 0, (trial, output)
        assert verify(open_cache(str(cache))) == []
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        assert fingerprint(cache) == whole, trial
        tally.add(stage, f"{state}; the same command ends in the same bytes")
        shutil.rmtree(cache.parent)
    show(tally, capfd)
