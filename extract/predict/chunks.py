"""Chunks of rows: the lines of a standard input that is no table, and parts of equal size."""

import itertools
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from headstart.cache.block import MIN_PART_ROWS
from headstart.cache.runtime.errors import UserError
from headstart.extract.tables.bad_rows import refusal
from headstart.extract.tables.batch import BadRow
from headstart.extract.tables.header import TEXT_NAMES
from headstart.extract.tables.reader import TableChunk

COLUMN = "text"
TABLES = (b"{", b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"PAR1")
"""First bytes of JSON Lines, gzip, zip, zstandard and Parquet."""


def holds_lines(start: bytes) -> bool:
    """Whether standard input is one text a line: no packed file, no JSON, no text column named first.

    Args:
        start: First bytes of standard input.
    """
    if start.startswith(TABLES):
        return False
    first = start.splitlines()[0] if start.strip() else b""
    line = first.decode("utf-8", "replace").lstrip("\ufeff").replace("\t", ",").replace(";", ",")
    names = line.split(",")
    # "Body, mind and soul" is a text; "text,Is toxic" and "text, label" are names of columns
    prose = any(name.startswith(" ") and " " in name.strip() for name in names)
    return prose or not any(name.strip().strip('"').lower() in TEXT_NAMES for name in names)


def standard_input_holds_lines() -> bool:
    """The same of this process's standard input, of which nothing is taken."""
    stream: Any = sys.stdin.buffer  # typeshed says BinaryIO; it is a BufferedReader
    return holds_lines(stream.peek(65_536))


def read_lines(file: Iterable[bytes], rows: int, on_bad_row: str = "error") -> Iterator[TableChunk]:
    """Read texts, so many at a time; an empty line is an empty text, so that every line has its label.

    Args:
        file: Lines of the input.
        rows: Rows of a chunk, those that are left out included.
        on_bad_row: `error` stops at a line that is no text; `skip` and `report` leave it out and list it in the chunk.

    Raises:
        UserError: there is no line, or one is not UTF-8, or holds a NUL byte.
    """
    first = 0
    rest = iter(file)
    while lines := list(itertools.islice(rest, rows)):
        read = [_decoded(line, number) for number, line in enumerate(lines, start=first)]
        bad = [row for row in read if isinstance(row, BadRow)]
        if bad and on_bad_row == "error":
            raise refusal(bad[0])
        texts = {number: row for number, row in enumerate(read, start=first) if isinstance(row, str)}
        table = pd.DataFrame(
            {COLUMN: list(texts.values())}, index=pd.Index(list(texts), dtype="int64"), dtype=str
        )
        yield TableChunk(table, bad)
        first += len(lines)
    if not first:
        raise UserError("standard input is empty: it holds no text to label")


def _decoded(line: bytes, number: int) -> str | BadRow:
    """A line's text, or what is wrong with it."""
    try:
        text = line.decode("utf-8-sig" if number == 0 else "utf-8")
    except UnicodeDecodeError as error:
        return BadRow("standard input", number + 1, None, f"it is not UTF-8 ({error.reason})")
    if "\0" in text:
        return BadRow("standard input", number + 1, None, "it holds a NUL byte")
    return text.rstrip("\r\n")


def part_of(block: int) -> int:
    """Rows of a part that is whole blocks."""
    return block * max(1, MIN_PART_ROWS // block)


def parts(chunks: Iterable[TableChunk], rows: int) -> Iterator[TableChunk]:
    """Cut chunks anew: neither the end of a file nor rows that are left out make a part shorter, but for the last.

    Args:
        chunks: Chunks with a `table`, and the rows that are left out, `bad`.
        rows: Rows of a part. Where columns change, a part ends.
    """
    held: TableChunk | None = None
    for chunk in chunks:
        if held is not None and set(held.table.columns) != set(chunk.table.columns):
            yield held
            held = None
        held = chunk if held is None else _joined(held, chunk)
        while len(held.table) >= rows:
            yield held._replace(table=held.table.iloc[:rows])
            held = held._replace(table=held.table.iloc[rows:], bad=[])
    if held is not None and (len(held.table) or held.bad):
        yield held


def _joined(held: TableChunk, chunk: TableChunk) -> TableChunk:
    table = pd.concat([held.table, chunk.table]) if len(held.table) else chunk.table
    return chunk._replace(table=table, bad=[*held.bad, *chunk.bad])
