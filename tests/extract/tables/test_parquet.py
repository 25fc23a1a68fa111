"""Parquet files as pyarrow writes them."""

import io
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headstart.cache import UserError
from headstart.extract.tables.reader import read_chunks

from .formats import TABLE, parquet, whole


def test_values_of_parquet(tmp_path: Path) -> None:
    columns = {
        "text": pa.array(["a", None]),
        "number": pa.array([1, -2]),
        "share": pa.array([1.0, float("nan")]),
        "flag": pa.array([True, None]),
        "list": pa.array([["a", "b"], []]),
        "struct": pa.array([{"k": 1}, None]),
        "single": pa.array([0.1, None], pa.float32()),
        "coded": pa.array(["u", "v"]).dictionary_encode(),
        "bytes": pa.array([b"caf\xc3\xa9", b""]),
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    table = whole(str(tmp_path / "a.parquet"))
    assert table.to_numpy().tolist() == [
        ["a", "1", "1", "true", '["a","b"]', '{"k":1}', "0.1", "u", "café"],
        ["", "-2", "", "", "[]", "", "", "v", ""],
    ]


def test_parquet_strings_that_are_not_utf8_are_bad_rows(tmp_path: Path) -> None:
    raw = pa.array([b"good", b"\xff\xfe", b"fine"]).view(pa.binary())
    odd = pa.StringArray.from_buffers(3, *raw.buffers()[1:])
    pq.write_table(pa.table({"text": odd}), tmp_path / "a.parquet")
    (chunk,) = read_chunks(str(tmp_path / "a.parquet"), "skip")
    assert chunk.table["text"].tolist() == ["good", "fine"]
    assert [(bad.row, bad.line) for bad in chunk.bad] == [(2, None)]


def test_parquet_needs_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(parquet(TABLE))))
    with pytest.raises(UserError, match="standard input is a Parquet file"):
        whole("-")
