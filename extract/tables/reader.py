"""Rows of files in chunks: the one entry to all formats."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from typing import NamedTuple

import pandas as pd

from headstart.cache.runtime.errors import UserError
from headstart.extract.tables.bad_rows import check_mode, refusal
from headstart.extract.tables.batch import BadRow, TableBatch
from headstart.extract.tables.delimited import read_delimited
from headstart.extract.tables.files import HUB, STANDARD_INPUT, ending, expand
from headstart.extract.tables.hub import read_hub
from headstart.extract.tables.json_lines import read_json_lines
from headstart.extract.tables.parquet import read_parquet
from headstart.extract.tables.streams import DAMAGE, as_lines, opened, seekable

ROWS = 10_000
PARQUET_MAGIC = "PAR1"


class TableChunk(NamedTuple):
    """Some rows of one file.

    Attributes:
        table: Strings, a missing cell is empty, lists and objects are JSON; its index holds each row's position among
            all rows of all files, bad ones included, counted from 0.
        bad: Rows that are left out.
    """

    table: pd.DataFrame
    bad: list[BadRow]


def read_chunks(
    data: str | Sequence[str], on_bad_row: str = "error", rows: int = ROWS
) -> Iterator[TableChunk]:
    """Read files in chunks, in constant memory.

    No cell such as `NA` or `null` is taken for a missing one.

    Args:
        data: A file, several, or a glob pattern; `-` is standard input; `hf:OWNER/NAME` a data set of the hub.
        on_bad_row: `error` stops at the first bad row; `skip` and `report` leave bad rows out and hand them on.
        rows: Most rows of a chunk; where rows are large they are fewer.

    Raises:
        UserError: a file is not there, not of its format, holds no rows, or a bad row.
    """
    check_mode(on_bad_row)
    for batch in read_batches(data, rows):
        if batch.bad and on_bad_row == "error":
            raise refusal(batch.bad[0])
        index = pd.Index(batch.numbers + batch.before)
        table = pd.DataFrame(batch.rows, columns=batch.header, dtype=str, index=index)
        yield TableChunk(table, batch.bad)


def read_batches(
    data: str | Sequence[str], rows: int = ROWS, encoding: str | None = None
) -> Generator[TableBatch]:
    """Read files in batches of plain lists; what `read_chunks` makes tables of.

    Args:
        data: Files, as `read_chunks` takes them.
        rows: Most rows of a batch.
        encoding: Name of the text files' encoding; None takes UTF-8, or what a byte-order mark says.

    Raises:
        UserError: a file is not there, not of its format, or holds no rows.
    """
    before = 0
    for source, file in enumerate(expand(data)):
        met = 0
        with closing(_guarded(file, rows, encoding)) as batches:
            for batch in batches:
                met = batch.met
                yield batch._replace(source=source, before=before)
        if not met:
            raise UserError(f"{file} holds a header but no rows")
        before += met


def _guarded(file: str, rows: int, encoding: str | None) -> Generator[TableBatch]:
    """A file's batches; damage that shows while it is read is the user's to mend."""
    name = "standard input" if file == STANDARD_INPUT else file
    try:
        yield from read_hub(file, rows) if file.startswith(HUB) else _read(file, name, rows, encoding)
    except DAMAGE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{name} cannot be read: {reason}") from None


def _read(file: str, name: str, rows: int, encoding: str | None) -> Iterator[TableBatch]:
    kind = None if file == STANDARD_INPUT else ending(file)
    with ExitStack() as stack:
        stream = stack.enter_context(opened(file))
        if kind == ".parquet":
            plain = file.lower().endswith(kind)
            yield from read_parquet(name, stream if plain else stack.enter_context(seekable(stream)), rows)
            return
        lines = stack.enter_context(as_lines(name, stream, encoding))
        start = (lines.peek(1) or [""])[0]
        if start.startswith(PARQUET_MAGIC):
            raise UserError(f"{name} is a Parquet file; these can be read from files ending in .parquet only")
        if kind in (".jsonl", ".ndjson") or (kind is None and start.lstrip().startswith("{")):
            yield from read_json_lines(name, lines, rows)
        else:
            yield from read_delimited(name, lines, "\t" if kind == ".tsv" else None, rows)
