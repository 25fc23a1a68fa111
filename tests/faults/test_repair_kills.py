"""A repair that is killed: what the manifest promised is asked for, and the same command ends in the same bytes."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.cache import open_cache
from headstart.cache.inspect.listing import describe_line
from headstart.cache.inspect.verify import verify

from ..extract.conftest import DISTILBERT, random_weights, save_backbone
from .conftest import KILLS, ROOT, fingerprint

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


@pytest.fixture(scope="module")
def undisturbed(
    damaged: Path, repair: Repair, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, str], float]:
    """The files of a cache whose repair nothing happened to, and the seconds that it took."""
    cache, began = copy_of(damaged, tmp_path_factory.mktemp("undisturbed")), time.monotonic()
    process = repair(cache)
    output, _ = process.communicate()
    assert process.returncode == 0, output
    assert verify(open_cache(str(cache))) == []
    return fingerprint(cache), time.monotonic() - began


@pytest.mark.parametrize("trial", range(KILLS))
def test_kill_9(
    trial: int, damaged: Path, repair: Repair, undisturbed: tuple[dict[str, str], float], tmp_path: Path
) -> None:
    cache, (whole, seconds) = copy_of(damaged, tmp_path), undisturbed
    first = repair(cache, output=subprocess.DEVNULL)
    time.sleep(random.Random(trial).uniform(0, seconds))
    if trial % 4:
        os.killpg(first.pid, signal.SIGKILL)
    else:  # what it has started goes on alone
        first.kill()
    first.wait()
    problems = verify(open_cache(str(cache)))
    assert open_cache(str(cache)).manifest.splits == open_cache(str(damaged)).manifest.splits
    assert problems or fingerprint(cache) == whole
    if any(problem.kind == "missing" and not problem.detail.startswith("rows") for problem in problems):
        assert "unfinished" in describe_line(str(cache))
    second = repair(cache)
    output, _ = second.communicate()
    assert second.returncode == 0, output
    assert verify(open_cache(str(cache))) == []
    with contextlib.suppress(ProcessLookupError):
        os.killpg(first.pid, signal.SIGKILL)
    assert fingerprint(cache) == whole
    print(f"killed with {len(problems)} problems left", end=" ")
