"""Kept columns with the types that their file gives them, as Arrow columns beside the text."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from headstart.cache.runtime.errors import UserError
from headstart.extract.tables.reader import TableChunk
from headstart.extract.tables.records import Digits

TEXT = 0
"""Name of the column of texts; no column of a file has a number as its name."""


def with_kept(chunks: Iterable[TableChunk], keep: Sequence[str]) -> Iterator[TableChunk]:
    """Give each chunk's table other columns: the text first, as strings, then those to keep, with their types.

    A text file's cells stay strings. Values of JSON Lines become Arrow's `json`, as each may be of a type of its own,
    and numbers keep their digits. Parquet's columns have their types.

    Args:
        chunks: Chunks whose first column is the text.
        keep: Names of the columns to keep, which can be the text's.

    Raises:
        UserError: a value is nested too deeply.
    """
    for chunk in chunks:
        columns: dict[Any, pd.Series] = {TEXT: chunk.table.iloc[:, 0]}
        columns |= {name: _kept(chunk, name) for name in keep}
        yield chunk._replace(table=pd.DataFrame(columns, index=chunk.table.index), values={}, types={})


def _kept(chunk: TableChunk, name: str) -> pd.Series:
    if name not in chunk.values:
        return chunk.table[name]
    array = pa.chunked_array([_typed(chunk.values[name], chunk.types.get(name))])
    return pd.Series(pd.arrays.ArrowExtensionArray(array), index=chunk.table.index)


def _typed(values: list[Any], kind: Any) -> Any:
    """Values as an Arrow array: of a type, or, where that is unknown or cannot be made of them, as JSON."""
    if kind is not None:
        try:
            return pa.array(values, kind.value_type if pa.types.is_dictionary(kind) else kind)
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            pass  # bytes that were read as text, types of others
    return pa.ExtensionArray.from_storage(
        pa.json_(pa.string()), pa.array(map(_json_text, values), pa.string())
    )


def _json_text(value: Any) -> str:
    try:
        return as_json(value)
    except RecursionError:
        raise UserError(
            "--keep: a value of a kept column is nested too deeply; leave the column out"
        ) from None


def as_json(value: Any) -> str:
    """A value as JSON, in which numbers have the digits of their file."""
    if isinstance(value, Digits):
        return str(value)
    if isinstance(value, dict):
        fields = (f"{json.dumps(str(name))}: {as_json(part)}" for name, part in value.items())
        return f"{{{', '.join(fields)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(as_json, value))}]"
    if value != value or value in (float("inf"), float("-inf")):
        return "null"  # JSON has no such numbers
    return json.dumps(value, default=str)
