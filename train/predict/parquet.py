"""A Parquet file of Arrow streams, in which a column's pieces may be of different types."""

import json
import math
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from headstart.cache.runtime.files import atomic_file, remove_partials
from headstart.train.predict.kept_columns import as_cells, is_json

DEEPEST = 16
"""Most levels of a nested type; what is deeper becomes text."""
UNFIT = (pa.ArrowException, ValueError, TypeError, OverflowError, RecursionError)


class _UnfitError(Exception):
    """A column's values are not all of the type that was taken for it."""

    def __init__(self, column: str) -> None:
        super().__init__(column)
        self.column = column


def arrow_to_parquet(source: str) -> str:
    """Make a Parquet file of Arrow streams, a row group of each, and return its path.

    A column of JSON gets the one type that all its values have: whole numbers, numbers, flags, strings, lists, objects.
    One whose values have none in common, or would lose digits in it, is text.
    """
    whole = f"{source}.whole"
    remove_partials(whole)
    types = _types(source)
    while True:
        try:
            with atomic_file(whole) as target:
                _write(source, target, types)
            return whole
        except _UnfitError as error:
            types[error.column] = pa.string()


def _write(source: str, target: Any, types: dict[str, pa.DataType]) -> None:
    schema = pa.schema(types)
    with pq.ParquetWriter(target, schema) as writer:
        for batch in _batches(source):
            columns = [_converted(batch.column(name), kind, name) for name, kind in types.items()]
            writer.write_batch(pa.record_batch(columns, schema=schema))


def _types(source: str) -> dict[str, pa.DataType]:
    """The type of each column that holds the pieces of all batches."""
    types: dict[str, pa.DataType] = {}
    for batch in _batches(source):
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            kind = _inferred(column) if is_json(column) else column.type
            types[name] = _unified(types.get(name, pa.null()), kind)
    return {name: pa.string() if pa.types.is_null(kind) else kind for name, kind in types.items()}


def _unified(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    try:
        schemas = [pa.schema([("column", kind)]) for kind in (one, other)]
        return pa.unify_schemas(schemas, promote_options="permissive").field("column").type
    except pa.ArrowException:
        return pa.string()


def _inferred(column: pa.Array) -> pa.DataType:
    """The type that all values of a piece of JSON have, or text."""
    try:
        kind = pa.array(_values(column)).type
    except UNFIT:
        return pa.string()
    return kind if _is_writable(kind) else pa.string()


def _is_writable(kind: pa.DataType, depth: int = 0) -> bool:
    """Whether Parquet can hold a type: no object without keys, and nothing that is nested without end."""
    if not pa.types.is_nested(kind):
        return True
    parts = [kind.field(place).type for place in range(kind.num_fields)]
    return bool(parts) and depth < DEEPEST and all(_is_writable(part, depth + 1) for part in parts)


def _converted(column: pa.Array, kind: pa.DataType, name: str) -> pa.Array:
    if column.type == kind:
        return column
    try:
        if pa.types.is_string(kind):
            return _as_text(column)
        return pa.array(_values(column), kind) if is_json(column) else column.cast(kind)
    except UNFIT:
        raise _UnfitError(name) from None


def _as_text(column: pa.Array) -> pa.Array:
    missing = [text == "null" for text in column.storage.to_pylist()] if is_json(column) else column.is_null()
    return pa.array(as_cells(column), pa.string(), mask=np.asarray(missing, bool))


def _values(column: pa.Array) -> list[Any]:
    """Python's values of JSON.

    Raises:
        ValueError: a number is too large for Python or for a float.
    """
    return [json.loads(text, parse_float=_finite) for text in column.storage.to_pylist()]


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is too large")
    return number


def _batches(source: str) -> Iterator[pa.RecordBatch]:
    with open(source, "rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(0)
        while file.tell() < end:
            with pa.ipc.open_stream(file) as stream:
                yield from stream
