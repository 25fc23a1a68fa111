"""What a run tells its user: lines, how far it is, with rate and time left, and how long its phases took.

tqdm 4.70 (and rich 15) would draw the bars, too: importing it takes 42 ms (62 ms) that each command would wait for. In
a log of an hour tqdm draws 362 bars in one line of 25 kB, where this writes 24 lines; it hands names with escape
sequences on to the terminal, and ends the run where the log's disk is full.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from headstart.cache.runtime.output import remarks
from headstart.cache.runtime.text import printable, say

BAR = 30  # characters
WIDTH = 80  # columns of a terminal that does not say
INTERVAL = 0.2  # seconds between two redraws on a terminal
LOG_INTERVAL = 10.0  # seconds between two lines where standard error is a file; later on there are fewer
LOG_SHARE = 0.25
"""Share of the time so far that passes there before the next line: an hour has two dozen."""


class Reporter:
    """Takes what a run has to tell, and drops it; other kinds print or record it. The run itself prints nothing."""

    def log(self, line: str) -> None:
        """Take a line for the user."""

    def phase(self, work: str, logged: bool = True) -> AbstractContextManager[None]:
        """Hear what the `with` block does, which may take more than a second.

        Args:
            work: What it does.
            logged: Whether a log has it, too: not so before it is sure that there is no mistake, which is one line.
        """
        return nullcontext()

    def start(self, work: str, total: int, unit: str) -> None:
        """Hear what begins and how much of it there is."""

    def advance(self, done: int) -> None:
        """Hear that this much more is done."""


class TerminalReporter(Reporter):
    """Prints lines, and on standard error what it is doing: on a terminal in one line, which is drawn again and again.

    Args:
        apart: Whether lines go to standard error, too: standard output is for a program that reads results.
        still: Whether nothing is drawn again even on a terminal: results come in between.
    """

    def __init__(self, apart: bool = False, still: bool = False) -> None:
        self._apart, self._still = apart, still
        self._phases, self._said = list[str](), set[str]()
        self._shown, self._stays = "", False
        self._work = self._unit = ""
        self._total = self._done = 0
        self._began = self._drawn = time.perf_counter()

    @property
    def terminal(self) -> bool:
        """Whether a line can be drawn again; else it is a log, which gets each once."""
        return sys.stderr.isatty() and not self._still

    def log(self, line: str) -> None:
        """Print a line, above the one that is being drawn."""
        shown, self._shown = self._shown, ""
        if shown and self.terminal:
            draw_line("")
        say(printable(line), sys.stderr if self._apart else None)
        if shown and self.terminal:
            self._draw(shown)

    @contextmanager
    def phase(self, work: str, logged: bool = True) -> Iterator[None]:
        """Name what the `with` block does, while it does it."""
        outer, self._stays = (self._shown, self._stays), False
        self._phases.append(work)
        self._began = self._drawn = time.perf_counter()
        if logged or self.terminal:
            self._name(work)
        try:
            yield
        finally:
            self._phases.pop()
            self._leave(*outer)

    def _name(self, work: str) -> None:
        if self.terminal:
            self._draw(f"{work} ...")
        elif work not in self._said:  # folds do the same again
            self._said.add(work)
            draw_line(f"{work} ...", last=True)

    def _leave(self, shown: str, stays: bool) -> None:
        """End a phase: how far it came stays on the terminal, its name does not; what is around it is drawn again."""
        if self.terminal and self._shown:
            draw_line(self._shown if self._stays else "", last=self._stays)
        self._shown, self._stays = "", stays
        if self.terminal and shown and self._phases:
            self._draw(shown)

    def show(self, line: str) -> None:
        """Show how far a phase is."""
        self._stays = True
        self._draw(line)

    def _draw(self, line: str) -> None:
        self._shown = line
        draw_line(line, last=not self.terminal)

    def start(self, work: str, total: int, unit: str) -> None:
        """Begin a bar."""
        self._work, self._unit = work, unit
        self._total, self._done = total, 0
        self._began = self._drawn = time.perf_counter()
        self._name(f"{work}: {total:,} {unit}")

    def advance(self, done: int) -> None:
        """Draw the bar again, unless it was drawn just now."""
        self._done += done
        finished = self._done >= self._total
        if self.is_due() or finished:
            line = progress_line(self._done, self._total, time.perf_counter() - self._began, self._unit)
            draw_line(f"{self._work:<9} {line}", finished)
            self._shown = "" if finished else f"{self._work:<9} {line}"
            if finished and self._phases and self.terminal:
                self._name(self._phases[-1])

    def is_due(self) -> bool:
        """Whether there is time for another look at how far things are."""
        now = time.perf_counter()
        interval = INTERVAL if self.terminal else max(LOG_INTERVAL, LOG_SHARE * (now - self._began))
        if now - self._drawn < interval:
            return False
        self._drawn = now
        return True


@contextmanager
def command_phase(work: str, quiet: bool, logged: bool = True) -> Iterator[None]:
    """Name on standard error what the `with` block of a command does, unless it is quiet; see `Reporter.phase`."""
    with remarks(quiet), TerminalReporter(apart=True).phase(work, logged):
        yield


def draw_line(line: str, last: bool = False) -> None:
    """Show a line on standard error: on a terminal in place of the one before, unless that was the last; else below."""
    shown = printable(line)
    # a line that goes on in a second row could not be replaced
    text = f"\r{shown[: _columns() - 1]}\033[K" + "\n" * last if sys.stderr.isatty() else f"{shown}\n"
    try:
        print(text, end="", file=sys.stderr, flush=True)
    except BrokenPipeError:
        raise
    except OSError:  # a log on a full disk: what is not shown is no reason to stop
        pass


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or WIDTH
    except OSError:
        return WIDTH


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
