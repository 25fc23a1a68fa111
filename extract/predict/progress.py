"""Progress of the labelling of a stream."""

import os
import time
from typing import Any

import pandas as pd

from headstart.cache.runtime.progress import TerminalReporter, progress_line
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
        self._report, self._reporter = report, reporter
        self._start, self._left = time.perf_counter(), total_bytes(data)
        self._before = self._rows = self._bytes = 0

    def __call__(self, chunk: Any, new: bool) -> None:
        """Take a chunk that is done, `new` if by this run."""
        for bad in chunk.bad if self._report else ():
            self._reporter.log(f"left out: {bad}")
        size, rows = row_bytes(chunk.table), len(chunk.table)
        if self._left is not None:
            self._left = max(0, self._left - size)
        if not new:
            self._before += rows
            return
        self._rows, self._bytes = self._rows + rows, self._bytes + size
        if self._reporter.is_due():
            self._reporter.show(self.line(time.perf_counter() - self._start))

    def line(self, seconds: float) -> str:
        """How far it is after so many seconds: what is left has as many rows to a byte as what is done."""
        said = f"{self._before + self._rows:,} rows"
        if self._left is None or not self._bytes:
            return f"{said}  {self._rows / max(seconds, 1e-9):,.0f} rows/s"
        total = round(self._rows * (1 + self._left / self._bytes))
        return f"{said} {progress_line(self._rows, total, seconds, 'rows')}"


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
