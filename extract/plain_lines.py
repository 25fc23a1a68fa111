"""Standard input that is no table: one text a line."""

import itertools
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from cache.errors import UserError
from extract.columns import TEXT_NAMES
from extract.reading import Chunk

COLUMN = "text"
TABLES = (b"{", b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"PAR1")
"""How JSON Lines, gzip, zip, zstandard and Parquet begin."""


def holds_lines(start: bytes) -> bool:
    """Whether standard input is one text a line: no packed file, no JSON, no text column named first.

    Args:
        start: its first bytes.
    """
    if start.startswith(TABLES):
        return False
    first = start.splitlines()[0] if start.strip() else b""
    names = first.decode("utf-8", "replace").lstrip("\ufeff").replace("\t", ",").replace(";", ",").split(",")
    return not any(name.strip().strip('"').lower() in TEXT_NAMES for name in names)


def standard_input_holds_lines() -> bool:
    """The same of this process's standard input, of which nothing is taken."""
    stream: Any = sys.stdin.buffer  # typeshed says BinaryIO; it is a BufferedReader
    return holds_lines(stream.peek(65_536))


def read_lines(file: Iterable[bytes], rows: int) -> Iterator[Chunk]:
    """Read texts, so many at a time; an empty line is an empty text, so that every line has its label.

    Raises:
        UserError: a line is not UTF-8, or holds a NUL byte.
    """
    first = 0
    rest = iter(file)
    while lines := list(itertools.islice(rest, rows)):
        texts = [_decoded(line, number) for number, line in enumerate(lines, start=first)]
        index = pd.RangeIndex(first, first + len(texts))
        yield Chunk(pd.DataFrame({COLUMN: texts}, index=index, dtype=str), 0, [])
        first += len(texts)


def _decoded(line: bytes, number: int) -> str:
    try:
        text = line.decode("utf-8-sig" if number == 0 else "utf-8")
    except UnicodeDecodeError as error:
        raise UserError(
            f"line {number + 1} of standard input is not UTF-8 ({error.reason}); give it as UTF-8"
        ) from None
    if "\0" in text:
        raise UserError(f"line {number + 1} of standard input holds a NUL byte; it is no text")
    return text.rstrip("\r\n")
