"""Columns of the input that the output keeps, as cells of text, as JSON, and as Arrow columns of one type each."""

import datetime
import json
import math
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa


def as_arrow(values: Any) -> pa.Array:
    """A kept column as one Arrow array; a column of strings, also one of pandas, as strings."""
    is_text = isinstance(getattr(values, "dtype", None), pd.StringDtype)
    array = pa.array(values, pa.string() if is_text else None)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def as_cells(column: pa.Array) -> list[str]:
    """Text for each value: nothing for a missing one, JSON for what is nested; numbers keep their digits."""
    if is_json(column):
        return [_cell_of_json(text) for text in column.storage.to_pylist()]
    return [_cell(value) for value in column.to_pylist()]


def as_json(column: pa.Array) -> list[str]:
    """JSON for each value."""
    if is_json(column):
        return [str(text) for text in column.storage.to_pylist()]
    return [_json(value) for value in column.to_pylist()]


def is_json(column: Any) -> bool:
    """Whether values of a column, or of a field, are JSON, each of a type of its own."""
    return isinstance(column.type, pa.JsonType)


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None or value != value:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, bool | list | dict | tuple):
        return _json(value)
    return str(value)


def _cell_of_json(text: str) -> str:
    if text.startswith('"'):
        return str(json.loads(text))
    return "" if text == "null" else text


def _json(value: Any) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else json.dumps(_plain(value))


def _plain(value: Any) -> Any:
    """What JSON can hold of a value."""
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime.datetime):  # also those of pandas, with nanoseconds
        return value.isoformat()
    return value if isinstance(value, str | int | None) else _cell(value)
