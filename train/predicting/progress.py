"""Tells how far a stream is."""

import time
from collections.abc import Callable
from typing import Any

from train.predicting.source import Rate, row_bytes, total_bytes


class Progress:
    """Tells rate and time left, and the rows that are left out.

    Args:
        data: what is read.
        report: whether rows that are left out are named.
        say: takes a line.
        stream: takes the line that is redrawn on a terminal.
    """

    def __init__(self, data: str, report: bool, say: Callable[[str], None], stream: Any) -> None:
        self._rate, self._report = Rate(total_bytes(data), time.perf_counter()), report
        self._say, self._stream = say, stream

    def __call__(self, chunk: Any, new: bool) -> None:
        """Take a chunk that is done."""
        for bad in chunk.bad if self._report else ():
            self._say(f"left out: {bad}")
        size, rows = row_bytes(chunk.table), len(chunk.table)
        if not new:
            self._rate.skip(size, rows)
            return
        line = self._rate.line(size, rows, time.perf_counter())
        self._stream.write(f"\r{line}\033[K" if self._stream.isatty() else f"{line}\n")
        self._stream.flush()
