"""Progress of the labelling of a stream."""

import os
import time
from typing import Any

import pandas as pd

from headstart.cache.runtime.progress import TerminalReporter
from headstart.extract.predict.options import files_of

OTHER_BYTES = 8  # of a number or a short value, its comma included
SIZED = (".csv", ".tsv", ".jsonl", ".ndjson")
"""Endings of files whose bytes are those of their rows, more or less."""


class StreamProgress:
    """Reports rate and time left, and the rows that are left out.

    Args:
        data: Name or pattern of the input.
        report: Whether rows that are left out are named.
        reporter: Takes lines for the user, and how far it is.
    """

    def __init__(self, data: str, report: bool, reporter: TerminalReporter) -> None:
        self._rate, self._report = Rate(total_bytes(data), time.perf_counter()), report
        self._reporter = reporter

    def __call__(self, chunk: Any, new: bool) -> None:
        """Take a chunk that is done."""
        for bad in chunk.bad if self._report else ():
            self._reporter.log(f"left out: {bad}")
        size, rows = row_bytes(chunk.table), len(chunk.table)
        if not new:
            self._rate.skip(size, rows)
            return
        line = self._rate.line(size, rows, time.perf_counter())
        if self._reporter.is_due():
            self._reporter.show(line)


class Rate:
    """Rows per second, and the time that is left.

    Args:
        total: Bytes of the input; None if unknown.
        start: Time at which it began, in seconds.
    """

    def __init__(self, total: int | None, start: float) -> None:
        self._total, self._start = total, start
        self._skipped = self._bytes = self.rows = self._before = 0

    def skip(self, size: int, rows: int) -> None:
        """Rows that an earlier run has labelled."""
        self._skipped += size
        self._before += rows

    def line(self, size: int, rows: int, now: float) -> str:
        """Count rows that are done, and say how far things are."""
        self._bytes, self.rows = self._bytes + size, self.rows + rows
        seconds = max(now - self._start, 1e-9)
        said = f"{self._before + self.rows:,} rows  {self.rows / seconds:,.0f} rows/s"
        if self._total is None or not self._bytes:
            return said
        left = max(0, self._total - self._skipped - self._bytes) * seconds / self._bytes
        return f"{said}  about {left:,.0f} s left"


def total_bytes(data: str) -> int | None:
    """Bytes of all files; None where they say little about the rows that are still to come."""
    files = files_of(data)
    if not files or not all(path.lower().endswith(SIZED) for path in files):
        return None
    return sum(os.path.getsize(path) for path in files)


def row_bytes(table: Any) -> int:
    """Estimate of the bytes that a table's rows take in a text file.

    Args:
        table: A DataFrame; columns that hold no strings count as short ones.
    """
    texts = [table[name] for name in table.columns if isinstance(table[name].dtype, pd.StringDtype)]
    others = OTHER_BYTES * (len(table.columns) - len(texts))
    return sum(int(column.str.len().sum()) + len(table) for column in texts) + others * len(table)
