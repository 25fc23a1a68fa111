"""Kept columns, from files of all formats."""

import datetime
import decimal
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headstart.cache import UserError
from headstart.extract.predict.chunks import parts
from headstart.extract.predict.kept import TEXT, as_json, with_kept
from headstart.extract.tables.reader import read_chunks
from headstart.extract.tables.records import Digits


def kept(path: Path, *names: str) -> pd.DataFrame:
    """The table of a file whose first column is the text, in chunks of two rows."""
    chunks = with_kept(read_chunks(str(path), rows=2), names)
    return pd.concat([chunk.table for chunk in parts(chunks, 3)])


def array_of(column: pd.Series) -> pa.Array:
    array = pa.array(column)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


PARQUET = {
    "big": pa.array([9007199254740993, None, 1], pa.int64()),
    "small": pa.array([1, 2, 255], pa.uint8()),
    "float": pa.array([0.1, None, -1e300], pa.float64()),
    "single": pa.array([0.1, 2.5, None], pa.float32()),
    "flag": pa.array([True, None, False]),
    "time": pa.array([datetime.datetime(2020, 1, 1), None, datetime.datetime(1970, 1, 1)], pa.timestamp("us", "UTC")),
    "date": pa.array([datetime.date(2020, 1, 1), None, datetime.date(1, 1, 1)]),
    "price": pa.array([decimal.Decimal("1.50"), None, decimal.Decimal("-2.25")], pa.decimal128(9, 2)),
    "list": pa.array([[1, 2], None, []], pa.list_(pa.int32())),
    "object": pa.array([{"a": 1, "b": "x"}, None, {"a": None, "b": ""}]),
    "word": pa.array(["007", None, ""]),
    "bytes": pa.array([b"a", None, b""], pa.binary()),
}  # fmt: skip


@pytest.mark.parametrize("name", PARQUET)
def test_parquet_s_types_stay(name: str, tmp_path: Path) -> None:
    table = pa.table({"text": ["a", "b", "c"], name: PARQUET[name]})
    pq.write_table(table, tmp_path / "a.parquet")
    array = pa.array(kept(tmp_path / "a.parquet", name)[name])
    assert array.type == PARQUET[name].type
    assert array.to_pylist() == PARQUET[name].to_pylist()


def test_entries_of_a_dictionary_are_what_they_are_and_the_text_can_be_kept(tmp_path: Path) -> None:
    words = pa.array(["a", None, "a"]).dictionary_encode()
    pq.write_table(pa.table({"text": words, "id": [1, 2, 3]}), tmp_path / "a.parquet")
    table = kept(tmp_path / "a.parquet", "text", "id")
    assert table[TEXT].tolist() == ["a", "", "a"]
    assert pa.array(table["text"]).to_pylist() == ["a", None, "a"]
    assert pa.array(table["id"]).type == pa.int64()


def test_values_of_json_lines_stay_as_they_are_written(tmp_path: Path) -> None:
    values = [
        "9007199254740993",
        "1.50",
        "1e5",
        "null",
        "true",
        '"007"',
        '{"a": [1.10, null]}',
        "[]",
        '"\\u00e4\\n"',
    ]
    lines = [f'{{"text": "a {row}", "v": {value}}}' for row, value in enumerate(values)]
    (tmp_path / "a.jsonl").write_text("\n".join([*lines, '{"text": "none"}']))
    column = array_of(kept(tmp_path / "a.jsonl", "v")["v"])
    assert isinstance(column.type, pa.JsonType)
    assert column.storage.to_pylist() == [*values, "null"]


def test_cells_of_text_files_are_strings(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,id\na,007\nb,\n")
    assert pa.array(kept(tmp_path / "a.csv", "id")["id"]).to_pylist() == ["007", ""]


def test_values_that_json_lacks(tmp_path: Path) -> None:
    when = datetime.date(2020, 1, 2)
    assert json.loads(as_json({"a": [float("nan"), float("inf"), when, (1, Digits("2.0"))]})) == {
        "a": [None, None, "2020-01-02", [1, 2.0]]
    }


@pytest.mark.parametrize("levels", [50, 100])
def test_nested_values_stay(levels: int, tmp_path: Path) -> None:
    deep = "[" * levels + "]" * levels
    (tmp_path / "a.jsonl").write_text(f'{{"text": "a", "v": {deep}}}\n')
    assert array_of(kept(tmp_path / "a.jsonl", "v")["v"]).storage.to_pylist() == [deep]


def test_what_is_nested_too_deeply_is_one_line(tmp_path: Path) -> None:
    deep = "[" * 800 + "]" * 800
    (tmp_path / "a.jsonl").write_text(f'{{"text": "a", "v": {deep}}}\n')
    with pytest.raises(UserError, match="nested too deeply"):
        kept(tmp_path / "a.jsonl", "v")
