"""Every format gives the table that pandas, pyarrow and json wrote: delimiters, encodings, compressions."""

import gzip
import io
import json
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.cache import UserError
from headstart.extract.tables.files import stem
from headstart.extract.tables.reader import read_chunks

CELLS = ["two, words", "NA", 'he said "so"', "a;b|c", "é ☃ 🎉", " padded ", "null", "tab\there", "x"]
TABLE = pd.DataFrame({"text": CELLS, "label": list("010101010"), "more": CELLS[::-1]}, dtype=str)


def whole(data: str | list[str], rows: int = 4, encoding: str | None = None) -> pd.DataFrame:
    return pd.concat([chunk.table for chunk in read_chunks(data, rows=rows, encoding=encoding)])


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside", data)
    return file.getvalue()


def zstandarded(data: bytes) -> bytes:
    return pa.compress(data, codec="zstd", asbytes=True)


def parquet(table: pd.DataFrame) -> bytes:
    file = io.BytesIO()
    table.to_parquet(file, index=False, row_group_size=2)
    return file.getvalue()


def json_lines(table: pd.DataFrame) -> bytes:
    return table.to_json(orient="records", lines=True, force_ascii=False).encode()


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zip": zipped,
    ".zst": zstandarded,
}
WRITE: dict[str, Callable[[pd.DataFrame], bytes]] = {
    ".csv": lambda table: table.to_csv(index=False).encode(),
    ".tsv": lambda table: table.to_csv(index=False, sep="\t").encode(),
    ".jsonl": json_lines,
    ".ndjson": json_lines,
    ".parquet": parquet,
}


@pytest.mark.parametrize("compression", COMPRESS)
@pytest.mark.parametrize("ending", WRITE)
def test_every_format_and_compression(tmp_path: Path, ending: str, compression: str) -> None:
    path = tmp_path / f"a{ending}{compression}"
    path.write_bytes(COMPRESS[compression](WRITE[ending](TABLE)))
    pd.testing.assert_frame_equal(whole(str(path)), TABLE)
    assert stem(str(path)) == "a"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_and_byte_order_mark_are_found_out(tmp_path: Path, delimiter: str, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TABLE.to_csv(index=False, sep=delimiter).encode(encoding))
    pd.testing.assert_frame_equal(whole(str(path)), TABLE)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(*[st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)] * 2), min_size=1
    )
)
def test_what_is_written_is_read(rows: list[tuple[str, str]]) -> None:
    table = pd.DataFrame(rows, columns=["text", "more"], dtype=str)
    with tempfile.TemporaryDirectory() as folder:
        for ending, write in WRITE.items():
            path = Path(folder) / f"a{ending}"
            path.write_bytes(write(table))
            pd.testing.assert_frame_equal(whole(str(path), 3), table)


def test_line_ends_within_cells_and_between(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'text,label\r\n"a\r\nb",1\r\n\r\n"c\rd",0\re f,1\n')
    assert whole(str(path)).to_numpy().tolist() == [["a\r\nb", "1"], ["c\rd", "0"], ["e f", "1"]]


def test_another_encoding_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("text,label\nplain,1\ncafé,0\n".encode("cp1252"))
    with pytest.raises(UserError, match=r"data row 2 \(line 3\): it is not UTF-8; .* `--encoding cp1252`"):
        whole(str(path))
    assert whole(str(path), encoding="cp1252")["text"].tolist() == ["plain", "café"]
    with pytest.raises(UserError, match="--encoding 'klingon' is unknown"):
        whole(str(path), encoding="klingon")


def test_bytes_that_an_encoding_does_not_know_are_a_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"text,label\nplain,1\n\x81,0\n")
    chunks = list(read_chunks(str(path), "skip", encoding="cp1252"))
    assert [bad.row for chunk in chunks for bad in chunk.bad] == [2]


def test_values_of_json_are_the_text_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a":1.50,"b":true,"c":null}\n\n{"a":-3e5,"d":["x",1],"c":{"k":[]}}\n')
    table = whole(str(path))
    assert table.columns.tolist() == ["a", "b", "c", "d"]
    assert table.to_numpy().tolist() == [
        ["1.50", "true", "", ""],
        ["-3e5", "", '{"k":[]}', '["x","1"]'],
    ]
    (chunk,) = read_chunks(str(path))
    assert chunk.nested == {"d": {1}, "c": {1}}


def test_values_of_parquet(tmp_path: Path) -> None:
    columns = {
        "text": pa.array(["a", None]),
        "number": pa.array([1, -2]),
        "share": pa.array([1.0, float("nan")]),
        "flag": pa.array([True, None]),
        "list": pa.array([["a", "b"], []]),
        "struct": pa.array([{"k": 1}, None]),
        "coded": pa.array(["u", "v"]).dictionary_encode(),
        "bytes": pa.array([b"caf\xc3\xa9", b""]),
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    table = whole(str(tmp_path / "a.parquet"))
    assert table.to_numpy().tolist() == [
        ["a", "1", "1", "true", '["a","b"]', '{"k":1}', "u", "café"],
        ["", "-2", "", "", "[]", "", "v", ""],
    ]


def test_parquet_strings_that_are_not_utf8_are_bad_rows(tmp_path: Path) -> None:
    raw = pa.array([b"good", b"\xff\xfe", b"fine"]).view(pa.binary())
    odd = pa.StringArray.from_buffers(3, *raw.buffers()[1:])
    pq.write_table(pa.table({"text": odd}), tmp_path / "a.parquet")
    (chunk,) = read_chunks(str(tmp_path / "a.parquet"), "skip")
    assert chunk.table["text"].tolist() == ["good", "fine"]
    assert [(bad.row, bad.line) for bad in chunk.bad] == [(2, None)]


def test_several_files_and_patterns_count_on(tmp_path: Path) -> None:
    for number, ending in enumerate([".csv", ".jsonl", ".parquet"]):
        (tmp_path / f"part{number}{ending}").write_bytes(WRITE[ending](TABLE[number : number + 3]))
    files = [str(path) for path in sorted(tmp_path.iterdir())]
    found = list(read_chunks(str(tmp_path / "part*"), rows=2))
    assert np.concatenate([chunk.table.index for chunk in found]).tolist() == list(range(9))
    assert sorted({chunk.source for chunk in found}) == [0, 1, 2]
    assert whole(files)["text"].tolist() == CELLS[:3] + CELLS[1:4] + CELLS[2:5]


def test_positions_count_bad_rows_of_all_files(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\nx y,1\nragged\nz,0\n")
    (tmp_path / "b.jsonl").write_text('nonsense\n{"text":"u","label":"1"}\n')
    chunks = list(read_chunks([str(tmp_path / "a.csv"), str(tmp_path / "b.jsonl")], "skip"))
    assert [(chunk.source, chunk.table.index.tolist()) for chunk in chunks] == [(0, [0, 2]), (1, [4])]
    bad = [bad for chunk in chunks for bad in chunk.bad]
    assert [(Path(row.file).name, row.row, row.line) for row in bad] == [("a.csv", 2, 3), ("b.jsonl", 1, 1)]


@pytest.mark.parametrize("compression", ["", ".gz", ".zst"])
@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl"])
def test_standard_input(monkeypatch: pytest.MonkeyPatch, ending: str, compression: str) -> None:
    data = io.BytesIO(COMPRESS[compression](WRITE[ending](TABLE)))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(data))
    pd.testing.assert_frame_equal(whole("-"), TABLE)
    assert stem("-") == "stdin"


def test_parquet_needs_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(parquet(TABLE))))
    with pytest.raises(UserError, match="standard input is a Parquet file"):
        whole("-")


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["a.csv", "a.csv"], "a.csv is named twice"),
        (["none*.csv"], "no file matches"),
        (["none.csv"], "there is no file"),
        (["."], r"is not a file; for all of its files"),
        (["a.xlsx"], "ending .xlsx"),
    ],
)
def test_what_is_no_source(tmp_path: Path, names: list[str], says: str) -> None:
    for name in ("a.csv", "a.xlsx"):
        (tmp_path / name).write_text("text\nx y\n")
    with pytest.raises(UserError, match=says):
        whole([str(tmp_path / name) for name in names])


def test_a_name_for_several_files() -> None:
    assert stem(["x/train.csv", "y/test.parquet.gz"]) == "train+test"
    assert stem("data/part-*.csv.gz") == "part"
    assert stem("data/*.csv") == "data"
    assert stem([f"data/a-long-name-{number}.csv" for number in range(9)]) == "a-long-name-0+8"
    assert stem("hf:owner/name@config:test") == "owner-name-config-test"


def test_json_is_read_as_it_comes(tmp_path: Path) -> None:
    """A file of many rows is read in chunks of at most so many."""
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"text": f"t {row}"}) + "\n" for row in range(1000)))
    sizes = [len(chunk.table) for chunk in read_chunks(str(path), rows=300)]
    assert sizes == [300, 300, 300, 100]
