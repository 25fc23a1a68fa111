"""Runs that are killed, interrupted, doubled or out of room: the same command always ends in the same cache."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import jax
import pytest

import headstart.extract.__main__ as extract
from headstart.cache import CacheError, open_cache
from headstart.cache.inspect.listing import describe_line, find_caches
from headstart.cache.inspect.verify import verify

from ..made import in_this_process
from .conftest import fingerprint
from .kills import KILLS, Captured, Tally, kill, show, watch

PAIRS = 20

Start = Callable[..., "subprocess.Popen[str]"]
Finish = Callable[[Path], Path]


def committed(folder: Path) -> dict[Path, int]:
    """Time of writing of every block that is there whole."""
    return {path: path.stat().st_mtime_ns for path in folder.glob("*/*/*/block.json")}


def wait_for_blocks(folder: Path, count: int) -> None:
    while len(committed(folder)) < count:
        time.sleep(0.01)


def finish_here(folder: Path, flags: list[str]) -> Path:
    """The same command to its end, without a process that imports everything anew; returns the cache."""
    ended = in_this_process(extract.main, "extract", "--cache-dir", str(folder), *flags)
    assert ended.returncode == 0, ended.stderr
    return Path(ended.stdout.splitlines()[-1].removeprefix("cache: "))


def state_of(folder: Path) -> str:
    """What `python -m cache` says of what a kill left."""
    if not (caches := find_caches(str(folder))):
        return "nothing"
    with contextlib.suppress(CacheError):
        assert verify(open_cache(caches[0])) == []
        return "finished"
    assert "unfinished" in describe_line(caches[0])
    with pytest.raises(CacheError, match=r"is unfinished|there is no feature cache"):
        open_cache(caches[0])
    return "unfinished, and said so"


def test_kill_9(
    start: Start, flags: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Captured
) -> None:
    monkeypatch.setenv("JAX_NUM_CPU_DEVICES", str(jax.local_device_count()))
    monkeypatch.setattr(extract, "prepare_jax", lambda: None)
    for name in ("compiled", "whole"):  # what the first one compiles makes the second as fast as the others
        life = watch(start(tmp_path / name), lambda place=tmp_path / name: committed(place))
    (cache,), tally = (tmp_path / "whole").iterdir(), Tally("extract")
    whole = fingerprint(cache)
    for trial in range(KILLS):
        folder = tmp_path / str(trial)
        stage = kill(start(folder), trial, life, lambda place=folder: committed(place))
        before, state = committed(folder), state_of(folder)
        assert fingerprint(finish_here(folder, flags)) == whole, trial
        assert {path: committed(folder)[path] for path in before} == before  # nothing was computed twice
        tally.add(stage, f"{state}; the same command ends in the same bytes")
        shutil.rmtree(folder)
    show(tally, capfd)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("blocks", [0, 3])
def test_a_signal_to_stop(
    number: int, blocks: int, start: Start, finish: Finish, undisturbed: Path, tmp_path: Path
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
    assert fingerprint(finish(tmp_path)) == fingerprint(undisturbed)
    assert {path: committed(tmp_path)[path] for path in before} == before


@pytest.mark.parametrize("trial", range(PAIRS))
def test_two_writers(trial: int, start: Start, undisturbed: Path, tmp_path: Path) -> None:
    first = start(tmp_path)
    time.sleep(random.Random(trial).uniform(0, 1))
    second = start(tmp_path)
    outputs = [process.communicate() for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], outputs
    (cache,) = tmp_path.iterdir()
    assert verify(open_cache(str(cache))) == []
    assert fingerprint(cache) == fingerprint(undisturbed)


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


def test_a_disk_that_fills_up(start: Start, finish: Finish, undisturbed: Path, small_disk: Path) -> None:
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
    assert fingerprint(finish(small_disk)) == fingerprint(undisturbed)
    assert {path: committed(small_disk)[path] for path in before} == before
