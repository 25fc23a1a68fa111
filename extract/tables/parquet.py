"""Rows of Parquet files."""

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from headstart.cache.runtime.errors import UserError
from headstart.extract.tables.batch import MOST_CHARACTERS, MOST_ITEMS, TableBatch
from headstart.extract.tables.records import Objects, cell
from headstart.extract.tables.source import FirstRows, TableSource, choose_from, first_count

ROWS_AT_ONCE = 2_000  # decoded into Python's objects together
BYTES_AT_ONCE = 32_000_000  # of these, as the file says
MOST_BYTES = 2**28, 1000
"""A row group with more bytes, and so many times those it is packed to, holds no texts that anyone has written."""
MOST_TEXT = 2**32, 1000
"""Likewise characters of all rows, and the bytes of the file: rows may share a text that is there once."""
LONGEST_CELL = 4 * MOST_CHARACTERS + 4  # bytes of UTF-8 that are surely more characters than a cell may have


def read_parquet(source: TableSource, stream: Any) -> Iterator[TableBatch]:
    """Read the chosen columns of a file in batches; lists and structs become JSON.

    Args:
        source: The file, and what is asked of it.
        stream: Its bytes.

    Raises:
        UserError: it is damaged, or a chosen column cannot be read.
    """
    import pyarrow.parquet as pq  # here, because it takes a while

    try:
        footer = source.part and source.part.footer
        table = pq.ParquetFile(stream, pre_buffer=False, metadata=footer)
        if not table.metadata.num_rows:
            return
        schema = table.schema_arrow
        chosen = range(source.part.start, source.part.stop) if source.part else None
        first = FirstRows(source.name, schema.names, lambda names: _first_rows(table, names, chosen))
        columns = choose_from(source, first)
        # Cells that a dictionary holds once are strings once, however many rows share one.
        strings = [name for name in columns if _is_string(schema.field(name).type)]
        footer = table.metadata  # else it would be read again
        table = pq.ParquetFile(stream, pre_buffer=False, read_dictionary=strings, metadata=footer)
        groups = (_records(batch, columns) for batch in _batches(table, columns, source.rows, chosen))
        limited = _limited(groups, stream.seek(0, os.SEEK_END))
        kinds = {name: schema.field(name).type for name in columns}
        yield from Objects(source.name, columns, types=kinds).batches(limited)
    except pa.ArrowException as error:
        raise UserError(f"{source.name} cannot be read: {' '.join(str(error).split())}") from None


def _limited(groups: Iterator[list[dict[str, Any]]], size: int) -> Iterator[list[dict[str, Any]]]:
    """Rows, as long as their texts are not far more than a file of this size can hold."""
    left = max(MOST_TEXT[0], MOST_TEXT[1] * size)
    for rows in groups:
        left -= sum(len(value) for row in rows for value in row.values() if isinstance(value, str))
        if left < 0:
            raise pa.ArrowInvalid(f"its texts are more than {MOST_TEXT[1]:,} times as large as the file")
        yield rows


def _batches(table: Any, columns: Sequence[str], rows: int, groups: range | None = None) -> Iterator[Any]:
    """Batches, of all row groups or of some, of few enough rows that their bytes stay few, too."""
    metadata, most = table.metadata, 1.0
    paths = [metadata.schema.column(place).path for place in range(metadata.num_columns)]
    # Of a column with lists the path goes on behind its name, which may hold points itself.
    chosen = {*columns}
    places = [
        place
        for place, path in enumerate(paths)
        if chosen.intersection(accumulate(path.split("."), "{}.{}".format))
    ]
    numbers = range(metadata.num_row_groups) if groups is None else groups
    for group in map(metadata.row_group, numbers):
        size = sum(group.column(place).total_uncompressed_size for place in places)
        packed = sum(group.column(place).total_compressed_size for place in places)
        if size > MOST_BYTES[0] and size > MOST_BYTES[1] * packed:
            raise pa.ArrowInvalid(f"a row group unpacks to more than {MOST_BYTES[1]:,} times its size")
        most = max(most, size / max(1, group.num_rows))
    size = min(rows, ROWS_AT_ONCE, max(1, int(BYTES_AT_ONCE / most)))
    yield from table.iter_batches(batch_size=size, columns=list(columns), row_groups=list(numbers))


def _first_rows(table: Any, names: Sequence[str], groups: range | None) -> dict[str, list[str]]:
    """Cells of the first rows, of columns that can hold text or labels."""
    schema, asked = table.schema_arrow, {*names}
    readable = [field.name for field in schema if field.name in asked and _is_readable(field.type)]
    batches = _batches(table, readable, first_count(names), groups) if readable else iter(())
    records = next(_limited((_records(batch, readable) for batch in batches), 0), [])
    read = {*readable}
    return {name: [cell(fields[name]) for fields in records] if name in read else [] for name in names}


def _records(batch: Any, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of a batch."""
    places = {name: place for place, name in enumerate(batch.schema.names)}
    cells = [_shared_values(batch.column(places[name]), name) for name in columns]
    return [dict(zip(columns, row, strict=True)) for row in zip(*cells, strict=True)]


def _shared_values(column: Any, name: str) -> list[Any]:
    """Return a column's values; rows that share an entry of a dictionary share the object.

    Raises:
        UserError: Python has no such values, like dates after the year 9999.
    """
    try:
        if not types.is_dictionary(column.type):
            return _values(_cut(column))
        used = pc.unique(column.indices.drop_null())
        entries = _values(_cut(column.dictionary.take(used)))
        of_index = dict(zip(used.to_pylist(), entries, strict=True))
        return [of_index.get(index) for index in column.indices.to_pylist()]
    except (ValueError, OverflowError, LookupError, NotImplementedError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"column {name[:80]!r} of type {column.type} cannot be read: {reason}") from None


def _cut(column: Any) -> Any:
    """Cut cells that are far longer than any may be, and that are refused for what is left."""
    if not _is_string(column.type) or (pc.max(pc.binary_length(column)).as_py() or 0) <= LONGEST_CELL:
        return column
    return pc.binary_slice(column.cast(pa.large_binary()), 0, LONGEST_CELL)


def _is_readable(kind: Any) -> bool:
    """Whether values of a type can be texts or labels."""
    if types.is_dictionary(kind) or _is_list(kind):
        return _is_readable(kind.value_type)
    return _is_string(kind) or _is_view(kind) or _is_other(kind)


def _one_of(*kinds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda kind: any(is_kind(kind) for is_kind in kinds)


_is_string = _one_of(types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
_is_view = _one_of(types.is_string_view, types.is_binary_view)
_is_other = _one_of(
    types.is_boolean, types.is_integer, types.is_floating, types.is_decimal, types.is_fixed_size_binary
)
_is_list = _one_of(types.is_list, types.is_large_list, types.is_fixed_size_list)


def _require_short(column: Any) -> None:
    """Refuse lists of which few bytes in the file make millions of Python's objects."""
    while _is_list(column.type):
        longest = pc.max(pc.list_value_length(column)).as_py() or 0
        if longest > MOST_ITEMS:
            raise ValueError(f"a cell holds {longest:,} values; at most {MOST_ITEMS:,} are read")
        column = pc.list_flatten(column)


def _values(column: Any) -> list[Any]:
    """Return a column's values; bytes as text, in which those that are not UTF-8 are lone surrogates."""
    _require_short(column)
    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if _is_string(column.type) or _is_view(column.type):
        # Files can hold strings that are not UTF-8: nothing checks them when they are written.
        column = column.cast(pa.large_binary())
    if types.is_float32(column.type):
        # As text writes them: as double, 0.1 would be 0.10000000149011612.
        column = column.cast(pa.string()).cast(pa.float64())
    values: list[Any] = column.to_pylist()
    if types.is_float16(column.type):
        values = [None if value is None else float(str(np.float16(value))) for value in values]
    return [value.decode(errors="surrogateescape") if isinstance(value, bytes) else value for value in values]
