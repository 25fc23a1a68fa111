"""Runs that are killed, interrupted, doubled or out of room: the same command always ends in the same cache."""

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headstart.cache import open_cache
from headstart.cache.inspect.verify import verify

from .conftest import KILLS, fingerprint

PAIRS = 20

Start = Callable[..., "subprocess.Popen[str]"]
Finish = Callable[[Path], Path]


def committed(folder: Path) -> dict[Path, int]:
    """Time of writing of every block that is there whole."""
    return {path: path.stat().st_mtime_ns for path in folder.glob("*/*/*/block.json")}


def wait_for_blocks(folder: Path, count: int) -> None:
    while len(committed(folder)) < count:
        time.sleep(0.01)


@pytest.mark.parametrize("trial", range(KILLS))
def test_kill_9(
    trial: int, start: Start, finish: Finish, undisturbed: tuple[Path, float], tmp_path: Path
) -> None:
    whole, seconds = undisturbed
    process = start(tmp_path)
    time.sleep(random.Random(trial).uniform(0, seconds))
    process.kill()
    process.communicate()
    before = committed(tmp_path)
    assert fingerprint(finish(tmp_path)) == fingerprint(whole)
    assert {path: committed(tmp_path)[path] for path in before} == before  # nothing was computed twice
    print(f"killed with {len(before)} blocks done", end=" ")
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("blocks", [0, 3])
def test_a_signal_to_stop(
    number: int, blocks: int, start: Start, finish: Finish, undisturbed: tuple[Path, float], tmp_path: Path
) -> None:
    process = start(tmp_path)
    wait_for_blocks(tmp_path, blocks) if blocks else time.sleep(2.5)
    asked = time.monotonic()
    process.send_signal(number)
    _, errors = process.communicate(timeout=5)
    print(f"stopped after {time.monotonic() - asked:.1f} s", end=" ")
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "the same command continues" in errors
    before = committed(tmp_path)
    assert fingerprint(finish(tmp_path)) == fingerprint(undisturbed[0])
    assert {path: committed(tmp_path)[path] for path in before} == before


@pytest.mark.parametrize("trial", range(PAIRS))
def test_two_writers(trial: int, start: Start, undisturbed: tuple[Path, float], tmp_path: Path) -> None:
    first = start(tmp_path)
    time.sleep(random.Random(trial).uniform(0, 1))
    second = start(tmp_path)
    outputs = [process.communicate() for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], outputs
    (cache,) = tmp_path.iterdir()
    assert verify(open_cache(str(cache))) == []
    assert fingerprint(cache) == fingerprint(undisturbed[0])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with little room."""
    if os.geteuid() != 0:
        pytest.skip("mounting a tmpfs needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_fills_up(
    start: Start, finish: Finish, undisturbed: tuple[Path, float], small_disk: Path
) -> None:
    process = start(small_disk)
    wait_for_blocks(small_disk, 2)
    ballast = small_disk / "ballast"
    with ballast.open("wb") as file:  # takes all the room that is left
        while shutil.disk_usage(small_disk).free > 2**16:
            file.write(bytes(2**16))
            file.flush()
    _, errors = process.communicate()
    assert process.returncode == 2, errors
    assert "Traceback" not in errors
    assert "is full; make room and run the same command again" in errors
    before = committed(small_disk)
    refused = start(small_disk)
    _, errors = refused.communicate()
    assert (refused.returncode, "make room, or choose another --cache-dir" in errors) == (2, True), errors
    ballast.unlink()
    assert fingerprint(finish(small_disk)) == fingerprint(undisturbed[0])
    assert {path: committed(small_disk)[path] for path in before} == before
