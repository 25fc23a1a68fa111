"""A progress bar with rate and time left, on standard error."""

import sys
import time

WIDTH = 30
INTERVAL = 0.2  # seconds between two redraws on a terminal
LOG_INTERVAL = 10.0  # and between two lines where standard error is a file


class TerminalListener:
    """Prints lines on standard output and progress on standard error."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._total = self._done = 0
        self._began = self._drawn = time.perf_counter()

    def say(self, line: str) -> None:
        """Print a line."""
        print(line, flush=True)

    def start(self, tokens: int) -> None:
        """Begin the bar."""
        self._total, self._done = tokens, 0
        self._began = time.perf_counter()

    def advance(self, tokens: int) -> None:
        """Draw the bar again, unless it was drawn just now."""
        self._done += tokens
        now = time.perf_counter()
        interval = INTERVAL if self._terminal else LOG_INTERVAL
        finished = self._done >= self._total
        if finished or now - self._drawn >= interval:
            self._drawn = now
            line = progress_line(self._done, self._total, now - self._began)
            start, end = ("\r", "\n" if finished else "") if self._terminal else ("", "\n")
            print(f"{start}{line}", end=end, file=sys.stderr, flush=True)


def progress_line(done: int, total: int, seconds: float) -> str:
    """Write one line: bar, share, rate and time left."""
    share = done / max(1, total)
    rate = done / max(seconds, 1e-9)
    left = (total - done) / max(rate, 1e-9)
    bar = "#" * round(WIDTH * share)
    return f"[{bar:<{WIDTH}}] {share:4.0%}  {rate:,.0f} tokens/s  {clock(left)} left "


def clock(seconds: float) -> str:
    """Write seconds as minutes and seconds: `clock(83) == '1:23'`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
