"""Rows of files in chunks: the one entry to all formats."""

import io
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from types import MappingProxyType
from typing import Any, NamedTuple

import pandas as pd

from headstart.cache.runtime.errors import UserError
from headstart.extract.settings import TableFormat
from headstart.extract.tables.bad_rows import check_mode, first_refused, refusal
from headstart.extract.tables.batch import BadRow, Say, TableBatch
from headstart.extract.tables.delimited import read_delimited
from headstart.extract.tables.files import HUB, STANDARD_INPUT, ending, shown, sift
from headstart.extract.tables.hub import read_hub
from headstart.extract.tables.json_lines import read_json_lines
from headstart.extract.tables.parquet import read_parquet
from headstart.extract.tables.source import ROWS, Choose, TableSource, all_columns
from headstart.extract.tables.streams import AT_ONCE, DAMAGE, ByteRange, as_lines, opened, seekable

PARQUET_MAGIC = "PAR1"
AS_FOUND = TableFormat()
"""Everything is found out."""
MARKED = "starts with a byte-order mark of"


class TableChunk(NamedTuple):
    """Some rows of one file.

    Attributes:
        table: Strings, a missing cell is empty, lists and objects are JSON; its index holds each row's position among
            all rows of all files, bad ones included, counted from 0.
        bad: Rows that are left out.
        values: The same cells as the file has them, of each column, where its format has types, see `TableBatch`.
        types: Their Arrow types, where the file says them.
    """

    table: pd.DataFrame
    bad: list[BadRow]
    values: Mapping[str, list[Any]] = MappingProxyType({})
    types: Mapping[str, Any] = MappingProxyType({})


def silent(line: str) -> None:
    """Take a line and say nothing."""


def read_chunks(
    data: str | Sequence[str],
    on_bad_row: str = "error",
    rows: int = ROWS,
    table_format: TableFormat = AS_FOUND,
    choose: Choose = all_columns,
    say: Say = silent,
) -> Iterator[TableChunk]:
    """Read files in chunks, in constant memory.

    No cell such as `NA` or `null` is taken for a missing one.

    Args:
        data: A file, several, or a glob pattern; `-` is standard input; `hf:OWNER/NAME` a data set of the hub.
        on_bad_row: `error` stops at the first bad row; `skip` and `report` leave bad rows out and hand them on.
        rows: Most rows of a chunk; where rows are large they are fewer.
        table_format: How text files are read.
        choose: Chooses each file's columns, see `TableSource`.
        say: Takes a line about something that was recognised.

    Raises:
        UserError: a file is not there, not of its format, holds no rows, or a bad row.
    """
    check_mode(on_bad_row)
    for batch in read_batches(data, rows, table_format, choose, say):
        if on_bad_row == "error" and (row := first_refused(batch.bad)):
            raise refusal(row)
        index = pd.Index(batch.numbers + batch.before)
        table = pd.DataFrame(batch.rows, columns=batch.header, dtype=str, index=index)
        yield TableChunk(table, batch.bad, batch.values, batch.types)


def read_batches(
    data: str | Sequence[str],
    rows: int = ROWS,
    table_format: TableFormat = AS_FOUND,
    choose: Choose = all_columns,
    say: Say = silent,
) -> Generator[TableBatch]:
    """Read files in batches of plain lists; what `read_chunks` makes tables of.

    Raises:
        UserError: a file is not there, not of its format, or holds no rows.
    """
    before = 0
    files, litter = sift(data)
    if litter:
        say(f"no data, left out: {shown(litter[:5])}{', ...' if len(litter) > 5 else ''}")
    for number, file in enumerate(files):
        met = 0
        name = "standard input" if file == STANDARD_INPUT else file
        with closing(_guarded(TableSource(file, name, choose, rows, table_format, say))) as batches:
            for batch in batches:
                met = batch.met
                yield batch._replace(source=number, before=before)
        if not met:
            raise UserError(f"{file} holds a header but no rows")
        before += met


def read_part(source: TableSource) -> Generator[TableBatch]:
    """Read a file, or the part of it that is asked for.

    Raises:
        UserError: it is not there, or not of its format.
    """
    return _guarded(source)


def _guarded(source: TableSource) -> Generator[TableBatch]:
    """A file's batches; damage that shows while it is read is the user's to mend."""
    try:
        yield from read_hub(source) if source.file.startswith(HUB) else _read(source)
    except DAMAGE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{source.name} cannot be read: {reason}") from None


def _read(source: TableSource) -> Iterator[TableBatch]:
    kind = None if source.file == STANDARD_INPUT else ending(source.file)
    with ExitStack() as stack:
        stream = stack.enter_context(opened(source.file, source.say))
        if kind == ".parquet":
            plain = source.file.lower().endswith(kind)
            yield from read_parquet(source, stream if plain else stack.enter_context(seekable(stream)))
            return
        if source.part:
            part = source.part
            stream = io.BufferedReader(ByteRange(stream, part.start, part.stop, part.header), AT_ONCE)
        lines = stack.enter_context(as_lines(stream, source.format.encoding))
        start = (lines.peek(1) or [""])[0]
        if start.startswith(PARQUET_MAGIC):
            only = "these can be read from files ending in .parquet only"
            raise UserError(f"{source.name} is a Parquet file; {only}")
        if lines.mark:
            source.say(f"{source.name} {MARKED} {lines.mark}; read as {lines.encoding}")
        if kind in (".jsonl", ".ndjson") or (kind is None and start.lstrip().startswith("{")):
            yield from read_json_lines(source, lines)
        else:
            yield from read_delimited(source, lines, "\t" if kind == ".tsv" else None)
        if lines.marks:
            marks = f"{lines.marks:,} byte-order marks inside, as of joined files, are left out"
            source.say(f"{source.name}: {marks}")
