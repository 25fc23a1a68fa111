"""Parquet files as pyarrow writes them."""

import io
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headstart.cache import UserError
from headstart.extract.tables import batch as batch_module
from headstart.extract.tables import parquet as module
from headstart.extract.tables.reader import read_batches, read_chunks
from headstart.extract.tables.records import MOST_AT_ONCE

from ..conftest import dataset_of
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
        "half": pa.array([np.float16(0.1), None]),
        "view": pa.array(["w", None], pa.string_view()),
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    table = whole(str(tmp_path / "a.parquet"))
    assert table.to_numpy().tolist() == [
        ["a", "1", "1", "true", '["a","b"]', '{"k":1}', "0.1", "u", "café", "0.1", "w"],
        ["", "-2", "", "", "[]", "", "", "v", "", "", ""],
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


@pytest.mark.parametrize("stored", ["dictionary", "text", "bytes"])
def test_rows_that_share_a_cell_share_its_string(tmp_path: Path, stored: str) -> None:
    """A small file of 2,000 times 0.5 MB, that is 1 GB, takes as much memory as one cell."""
    cell = "word " * 100_000
    column = pa.array([cell.encode() if stored == "bytes" else cell] * 2_000)
    pq.write_table(
        pa.table({"text": column.dictionary_encode() if stored == "dictionary" else column}),
        tmp_path / "a.parquet",
    )
    rows, strings = 0, set[int]()
    tracemalloc.start()
    for batch in read_batches(str(tmp_path / "a.parquet")):
        rows += len(batch.rows)
        strings = {id(row[0]) for row in batch.rows}
        assert len(strings) == 1
        assert sum(len(row[0]) for row in batch.rows) <= MOST_AT_ONCE + len(cell)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == 2_000
    assert peak < 20 * len(cell)


def test_a_cell_far_too_long_is_a_bad_row_before_it_is_a_string(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_CELL", 44)
    monkeypatch.setattr(batch_module, "MOST_CHARACTERS", 10)
    texts = ["short", "x" * 1_000_000, "é" * 30, "fine"]
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet")
    (chunk,) = read_chunks(str(tmp_path / "a.parquet"), "skip")
    assert chunk.table["text"].tolist() == ["short", "fine"]
    assert [bad.row for bad in chunk.bad] == [2, 3]
    assert [len(text) for text in module._values(module._cut(pa.array(texts)))] == [5, 44, 22, 4]


def test_rows_of_a_batch_are_few_where_they_are_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BYTES_AT_ONCE", 100_000)
    random = np.random.default_rng(0)
    texts = [random.bytes(5_000).hex() for _ in range(50)]
    table = pa.table({"text": texts, "other": texts[::-1], "a.b": texts})
    pq.write_table(table, tmp_path / "a.parquet", use_dictionary=False)
    file = pq.ParquetFile(tmp_path / "a.parquet")
    assert {len(batch) for batch in module._batches(file, ["text"], 1_000)} <= set(range(1, 11))
    assert {batch.num_columns for batch in module._batches(file, ["a.b"], 1_000)} == {1}


@pytest.mark.parametrize("text", [pa.string_view(), pa.binary_view(), pa.large_binary(), pa.binary(7)])
@pytest.mark.parametrize(
    "label", [pa.list_(pa.int8(), 2), pa.large_list(pa.uint8()), pa.list_(pa.float16(), 2)]
)
def test_types_of_other_writers_are_guessed(tmp_path: Path, text: pa.DataType, label: pa.DataType) -> None:
    texts = pa.array([b"so kind", b"so rude", b"no good"]).cast(pa.binary() if "fixed" in str(text) else text)
    flags = [[0, 1], [1, 1], [0, 0]]
    values = [[np.float16(flag) for flag in row] for row in flags] if "half" in str(label) else flags
    table = pa.table({"what": texts.cast(text), "how": pa.array(values, label), "n": [7, 8, 9]})
    pq.write_table(table, tmp_path / "a.parquet")
    rows = dataset_of(str(tmp_path / "a.parquet"))
    assert (rows.columns, rows.labels.tolist()) == (("what", "how"), flags)


@pytest.mark.parametrize("kind", [pa.string_view(), pa.binary_view()])
def test_views_that_are_not_utf8_are_bad_rows(tmp_path: Path, kind: pa.DataType) -> None:
    raw = pa.array([b"so kind", b"\xff\xfe", b"so rude"]).cast(pa.binary_view()).view(pa.binary_view())
    pq.write_table(
        pa.table({"text": raw if kind == pa.binary_view() else raw.cast(pa.binary())}), tmp_path / "a.parquet"
    )
    (chunk,) = read_chunks(str(tmp_path / "a.parquet"), "skip")
    assert chunk.table["text"].tolist() == ["so kind", "so rude"]


@pytest.mark.parametrize(
    "labels",
    [
        pa.ListArray.from_arrays(pa.array([0, 2_000_000, 2_000_001]), np.zeros(2_000_001, np.int8)),
        pa.LargeListArray.from_arrays(pa.array([0, 1, 1_500_001]), pa.nulls(1_500_001, pa.string())),
        pa.FixedSizeListArray.from_arrays(np.zeros(2_400_000, bool), 1_200_000),
        pa.array([[[0] * 1_200_000], [[1]]]),
    ],
    ids=["list", "large_list", "fixed_size_list", "nested"],
)
def test_a_cell_of_millions_of_values_is_told(tmp_path: Path, labels: pa.Array) -> None:
    pq.write_table(
        pa.table({"text": ["a", "b"], "label": labels}), tmp_path / "a.parquet", compression="zstd"
    )
    with pytest.raises(
        UserError, match=r"'label' .* a cell holds [12],[0-9]00,000 values; at most 1,000,000"
    ):
        whole(str(tmp_path / "a.parquet"))


def test_a_text_that_millions_of_rows_share_is_not_copied_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_TEXT", (10_000_000, 1000))
    for count, length in ((100, 1_000_000), (50_000, 1000), (300_000, 100)):
        shared = pa.DictionaryArray.from_arrays(np.zeros(count, np.int32), ["a" * length])
        pq.write_table(pa.table({"text": shared, "label": np.arange(count) % 2}), tmp_path / "a.parquet")
        with pytest.raises(UserError, match="texts are more than 1,000 times as large as the file"):
            list(read_batches(str(tmp_path / "a.parquet")))


def test_a_row_group_that_unpacks_to_gigabytes_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", (1_000_000, 1000))
    for codec in ("zstd", "gzip", "brotli"):
        table = pa.table({"text": ["a" * 20_000_000, "b"], "label": [0, 1]})
        pq.write_table(table, tmp_path / "a.parquet", compression=codec, use_dictionary=False)
        with pytest.raises(UserError, match="a row group unpacks to more than 1,000 times its size"):
            whole(str(tmp_path / "a.parquet"))
