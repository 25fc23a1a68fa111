"""Rows of Parquet files."""

from collections.abc import Iterator
from typing import Any

from headstart.cache.runtime.errors import UserError
from headstart.extract.tables.batch import TableBatch, check_names
from headstart.extract.tables.records import Objects

ROWS_AT_ONCE = 2_000  # decoded into Python's objects together


def read_parquet(file: str, stream: Any, rows: int) -> Iterator[TableBatch]:
    """Read a file in batches; lists and structs become JSON.

    Raises:
        UserError: it is damaged, or its columns cannot be told apart.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(stream, pre_buffer=False)
        names = check_names(file, table.schema_arrow.names or [""])
        groups = (
            [dict(zip(names, row, strict=True)) for row in zip(*map(_values, batch.columns), strict=True)]
            for batch in table.iter_batches(batch_size=min(rows, ROWS_AT_ONCE))
        )
        yield from Objects(file, names).batches(groups)
    except pa.ArrowException as error:
        raise UserError(f"{file} cannot be read: {' '.join(str(error).split())}") from None


def _values(column: Any) -> list[Any]:
    """Return a column's values; bytes as text, in which those that are not UTF-8 are lone surrogates."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        # Files can hold strings that are not UTF-8: nothing checks them when they are written.
        column = column.cast(pa.large_binary())
    if pa.types.is_float32(column.type):
        # As text writes them: as double, 0.1 would be 0.10000000149011612.
        column = column.cast(pa.string()).cast(pa.float64())
    values: list[Any] = column.to_pylist()
    return [value.decode(errors="surrogateescape") if isinstance(value, bytes) else value for value in values]
