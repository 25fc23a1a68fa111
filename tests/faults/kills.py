"""Kills over the whole life of a command: where they fell, and what was there afterwards."""

import contextlib
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

KILLS = int(os.environ.get("KILLS", "20"))
"""How often each command is killed: `KILLS=100 make faults`."""
EARLY = 4
"""Of so many kills one falls before anything is written: most of a short life is spent on importing libraries."""

Process = subprocess.Popen[str]
Captured = pytest.CaptureFixture[str]
Begun = Callable[[], object]
"""Whether something of a command's work is on disk."""


class Life(NamedTuple):
    """A command that nothing happens to.

    Attributes:
        before: seconds until something is on disk.
        writing: seconds from then on.
    """

    before: float
    writing: float


def watch(process: Process, begun: Begun) -> Life:
    """Wait for the end of a command, which has to be a good one."""
    start = time.monotonic()
    wait_for(process, begun)
    written = time.monotonic()
    output, errors = process.communicate()
    assert process.returncode == 0, (output, errors)
    return Life(written - start, time.monotonic() - written)


def wait_for(process: Process, begun: Begun) -> None:
    """Wait until something is on disk, or the command has ended."""
    while process.poll() is None and not begun():
        time.sleep(0.002)


def kill(process: Process, trial: int, life: Life, begun: Begun, group: bool = False) -> str:
    """Kill a command: a quarter of the trials before it writes, the others evenly over the time from then on.

    Args:
        process: the command, just started.
        trial: number of the kill, below `KILLS`.
        life: what `watch` saw of such a command.
        begun: see `Begun`.
        group: whether all processes of its group are killed, which it leads.

    Returns:
        Where the kill fell: before, while writing, after the end.
    """
    share = random.Random(trial).random()
    if trial % EARLY == 0:
        time.sleep(share * life.before)
    else:
        wait_for(process, begun)
        time.sleep((trial + share) / KILLS * life.writing)
    early = trial % EARLY == 0 and not begun()
    stage = "after the end" if process.poll() is not None else "before" if early else "while writing"
    if group:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.communicate()
    return stage


class Tally:
    """How many kills fell where, and how many times there was what afterwards.

    Args:
        command: what is killed.
    """

    def __init__(self, command: str) -> None:
        self._command, self._counts = command, Counter[tuple[str, str]]()

    def add(self, stage: str, outcome: str) -> None:
        """Count a kill."""
        self._counts[stage, outcome] += 1

    def __str__(self) -> str:
        return "\n".join([f"\n{self._command}: {self._counts.total()} kills", *self._lines()])

    def _lines(self) -> Iterator[str]:
        for (stage, outcome), count in sorted(self._counts.items()):
            yield f"  {count:>4} {stage}: {outcome}"


def show(tally: Tally, capfd: Captured) -> None:
    """Print a table, whether or not the output of tests is kept from the terminal."""
    with capfd.disabled():
        print(tally)
