"""How long work tells how far it is: a listener, and a progress bar with rate and time left on standard error."""

import sys
import time
from typing import Protocol, runtime_checkable


@runtime_checkable
class Listener(Protocol):
    """Hears what a run does; `extract/__main__.py` has the one that prints."""

    def say(self, line: str) -> None:
        """Take a line for the user."""

    def start(self, work: str, total: int, unit: str) -> None:
        """Hear what begins and how much of it there is."""

    def advance(self, done: int) -> None:
        """Hear that this much more is done."""


class Silence:
    """Tells nobody: for all processes of a job but the first."""

    def say(self, line: str) -> None:
        """Drop it."""

    def start(self, work: str, total: int, unit: str) -> None:
        """Drop it."""

    def advance(self, done: int) -> None:
        """Drop it."""


WIDTH = 30

INTERVAL = 0.2  # seconds between two redraws on a terminal

LOG_INTERVAL = 10.0  # and between two lines where standard error is a file


class TerminalListener:
    """Prints lines on standard output and progress on standard error."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._work = self._unit = ""
        self._total = self._done = 0
        self._began = self._drawn = time.perf_counter()

    def say(self, line: str) -> None:
        """Print a line."""
        print(line, flush=True)

    def start(self, work: str, total: int, unit: str) -> None:
        """Begin a bar."""
        self._work, self._unit = work, unit
        self._total, self._done = total, 0
        self._began = self._drawn = time.perf_counter()

    def advance(self, done: int) -> None:
        """Draw the bar again, unless it was drawn just now."""
        self._done += done
        now = time.perf_counter()
        interval = INTERVAL if self._terminal else LOG_INTERVAL
        finished = self._done >= self._total
        if finished or now - self._drawn >= interval:
            self._drawn = now
            line = f"{self._work:<9} {progress_line(self._done, self._total, now - self._began, self._unit)}"
            start, end = ("\r", "\n" if finished else "") if self._terminal else ("", "\n")
            print(f"{start}{line}", end=end, file=sys.stderr, flush=True)


def progress_line(done: int, total: int, seconds: float, unit: str) -> str:
    """Write one line: bar, share, rate and time left."""
    share = done / max(1, total)
    rate = done / max(seconds, 1e-9)
    left = (total - done) / max(rate, 1e-9)
    bar = "#" * round(WIDTH * share)
    return f"[{bar:<{WIDTH}}] {share:4.0%}  {rate:,.0f} {unit}/s  {clock(left)} left "


def clock(seconds: float) -> str:
    """Write seconds as minutes and seconds: `clock(83) == '1:23'`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
