"""Pieces of columns become columns of one type."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headstart.train.predict.formats import FORMATS, Columns, LabelledRows, nothing

COLUMNS = Columns(("v",), ("no", "yes"), several=False)


def as_column(values: Any) -> pd.Series:
    """Strings are JSON; arrays are what they are."""
    if isinstance(values, list):
        values = pa.ExtensionArray.from_storage(pa.json_(pa.string()), pa.array(values, pa.string()))
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([values])))


def written(tmp_path: Path, *pieces: Any) -> pa.ChunkedArray:
    """The kept column of a file of some pieces."""
    parquet, content = FORMATS[".parquet"], b""
    for values in pieces:
        count = len(values)
        shares = np.full((count, 2), 0.5, np.float32)
        rows = LabelledRows(np.arange(count), [as_column(values)], [["no"]] * count, shares)
        content += parquet.encode(COLUMNS, rows)
    (tmp_path / "a").write_bytes(
        parquet.header(COLUMNS) + parquet.encode(COLUMNS, nothing(COLUMNS)) + content
    )
    whole = parquet.finish(str(tmp_path / "a"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "a.whole"]
    return pq.read_table(whole)["v"]


@pytest.mark.parametrize(
    ("pieces", "kind", "values"),
    [
        ([["7", "null"], ["9007199254740993"]], pa.int64(), [7, None, 9007199254740993]),
        ([["7"], ["1.5", "null"]], pa.float64(), [7.0, 1.5, None]),
        ([["true"], ["null", "false"]], pa.bool_(), [True, None, False]),
        ([["null"], ["null"]], pa.string(), [None, None]),
        ([['"007"'], ["null", '""']], pa.string(), ["007", None, ""]),
        ([["7", "null"], ['"007"']], pa.string(), ["7", None, "007"]),
        ([["7", "true"]], pa.string(), ["7", "true"]),
        ([["true"], ["1"]], pa.string(), ["true", "1"]),
        ([["9007199254740993"], ["1.5"]], pa.string(), ["9007199254740993", "1.5"]),
        ([["123456789012345678901234567890"], ["1"]], pa.string(), ["123456789012345678901234567890", "1"]),
        ([["1e400"]], pa.string(), ["1e400"]),
        ([["9" * 5_000]], pa.string(), ["9" * 5_000]),
        ([["[1, 2]"], ["[]", "null"]], pa.list_(pa.int64()), [[1, 2], [], None]),
        ([['{"a": 1}'], ['{"b": "x"}']], None, [{"a": 1, "b": None}, {"a": None, "b": "x"}]),
        ([["{}"], ['{"a": 1}']], pa.string(), ["{}", '{"a": 1}']),
        ([["[1]"], ['["a"]']], pa.string(), ["[1]", '["a"]']),
        ([["[" * 40 + "]" * 40]], pa.string(), ["[" * 40 + "]" * 40]),
        ([["[" * 300 + "]" * 300]], pa.string(), ["[" * 300 + "]" * 300]),
        ([['"2020-01-01"']], pa.string(), ["2020-01-01"]),
        ([pa.array([1, None], pa.int32()), pa.array([2], pa.int64())], pa.int64(), [1, None, 2]),
        ([pa.array([1], pa.int8()), ['"a"', "null"]], pa.string(), ["1", "a", None]),
        ([pa.array(["of an earlier version"]), ["1"]], pa.string(), ["of an earlier version", "1"]),
        ([pa.array([0.5], pa.float32())], pa.float32(), [0.5]),
        ([pa.array([1], pa.timestamp("ns", "UTC"))], pa.timestamp("ns", "UTC"), None),
    ],
)
def test_a_column_has_the_type_of_its_values_or_is_text(
    pieces: list[Any], kind: Any, values: list[Any] | None, tmp_path: Path
) -> None:
    column = written(tmp_path, *pieces)
    assert kind is None or column.type == kind
    assert values is None or column.to_pylist() == values
