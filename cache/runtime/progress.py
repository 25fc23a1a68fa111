"""What a run tells its user: lines, how far it is, with rate and time left, and how long its phases took."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from headstart.cache.runtime.text import printable, say

BAR = 30  # characters
INTERVAL = 0.2  # seconds between two redraws on a terminal
LOG_INTERVAL = 10.0  # seconds between two lines where standard error is a file


class Reporter:
    """Takes what a run has to tell, and drops it; other kinds print or record it. The run itself prints nothing."""

    def log(self, line: str) -> None:
        """Take a line for the user."""

    def start(self, work: str, total: int, unit: str) -> None:
        """Hear what begins and how much of it there is."""

    def advance(self, done: int) -> None:
        """Hear that this much more is done."""


class TerminalReporter(Reporter):
    """Prints lines on standard output and a progress bar on standard error."""

    def __init__(self) -> None:
        self._interval = INTERVAL if sys.stderr.isatty() else LOG_INTERVAL
        self._work = self._unit = ""
        self._total = self._done = 0
        self._began = self._drawn = time.perf_counter()

    def log(self, line: str) -> None:
        """Print a line."""
        say(printable(line))

    def start(self, work: str, total: int, unit: str) -> None:
        """Begin a bar."""
        self._work, self._unit = work, unit
        self._total, self._done = total, 0
        self._began = self._drawn = time.perf_counter()

    def advance(self, done: int) -> None:
        """Draw the bar again, unless it was drawn just now."""
        self._done += done
        now = time.perf_counter()
        finished = self._done >= self._total
        if finished or now - self._drawn >= self._interval:
            self._drawn = now
            line = progress_line(self._done, self._total, now - self._began, self._unit)
            draw_line(f"{self._work:<9} {line}", finished)


def draw_line(line: str, last: bool = False) -> None:
    """Show a line on standard error: on a terminal in place of the one before, unless that was the last; else below."""
    shown = printable(line)
    text = f"\r{shown}\033[K" + "\n" * last if sys.stderr.isatty() else f"{shown}\n"
    print(text, end="", file=sys.stderr, flush=True)


def progress_line(done: int, total: int, seconds: float, unit: str) -> str:
    """Bar, share, rate and time left."""
    share = done / max(1, total)
    rate = done / max(seconds, 1e-9)
    left = (total - done) / max(rate, 1e-9)
    bar = "#" * round(BAR * share)
    return f"[{bar:<{BAR}}] {share:4.0%}  {rate:,.0f} {unit}/s  {format_duration(left)} left "


def format_duration(seconds: float) -> str:
    """Minutes and seconds: `format_duration(83) == '1:23'`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


class Clock:
    """Wall-clock seconds of named phases, added up; the total runs from the beginning of the clock."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._start = time.perf_counter()

    @contextmanager
    def measure(self, phase: str) -> Iterator[None]:
        """Add the time inside the `with` block to a phase."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[phase] = self.seconds.get(phase, 0.0) + time.perf_counter() - start

    def total(self) -> float:
        """Seconds since the clock began."""
        return time.perf_counter() - self._start
