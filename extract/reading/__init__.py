"""Read rows of text from a file, chunk by chunk."""

import sys
from collections.abc import Iterator
from io import StringIO
from typing import Any, NamedTuple

import pandas as pd

from cache.errors import UserError
from extract.table import read_table


class Chunk(NamedTuple):
    """Rows that were read together.

    Attributes:
        table: strings; the index is each row's position, counted from 0.
        source: number of the file that they come from.
        bad: rows that were left out.
    """

    table: pd.DataFrame
    source: int
    bad: list[Any]


def read_chunks(data: str, on_bad_row: str = "error", rows: int = 10_000) -> Iterator[Chunk]:
    """Read a file's rows in order, so many at a time.

    Args:
        data: path of a file; `-` is standard input.
        on_bad_row: what to do with a row that cannot be used: `error`, `skip` or `report`.
        rows: of a chunk, at most.

    Raises:
        UserError: the file cannot be read.
    """
    table = _standard_input() if data == "-" else read_table(data)
    if not len(table):
        raise UserError(f"{data} holds a header but no rows")
    for start in range(0, len(table), rows):
        yield Chunk(table.iloc[start : start + rows], 0, [])


def _standard_input() -> pd.DataFrame:
    text = sys.stdin.buffer.read().decode("utf-8-sig")
    return pd.read_csv(StringIO(text), dtype=str, keep_default_na=False)
