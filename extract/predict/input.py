"""Which file is read, and how much of it there is, as far as that can be known beforehand."""

import glob
import os
from typing import Any

SIZED = (".csv", ".tsv", ".jsonl", ".ndjson")
"""Endings of files whose bytes are those of their rows, more or less."""


def files_of(data: str) -> list[str]:
    """Files that a name or pattern means; none for standard input or a data set elsewhere."""
    if os.path.exists(data):
        return [data]
    return sorted(path for path in glob.glob(data, recursive=True) if os.path.isfile(path))


def is_among(path: str, files: list[str]) -> bool:
    """Whether a path means one of the files, whatever it is called."""
    return os.path.exists(path) and any(os.path.samefile(path, own) for own in files)


def stamp(data: str) -> list[tuple[str, int, int]] | None:
    """Name, size and time of change of each file: what says that they are still the same; None if there are none."""
    stats = [(os.path.abspath(path), os.stat(path)) for path in files_of(data)]
    return [(path, own.st_size, own.st_mtime_ns) for path, own in stats] or None


def total_bytes(data: str) -> int | None:
    """Bytes of all files; None where they say little about the rows that are still to come."""
    files = files_of(data)
    if not files or not all(path.lower().endswith(SIZED) for path in files):
        return None
    return sum(os.path.getsize(path) for path in files)


def row_bytes(table: Any) -> int:
    """About the bytes that a table's rows take in a text file.

    Args:
        table: a DataFrame of strings.
    """
    cells = sum(int(table[name].str.len().sum()) + len(table) for name in table.columns)
    return cells
