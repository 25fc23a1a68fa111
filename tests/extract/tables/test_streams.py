"""Encodings, compressions and standard input."""

import io
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from headstart.cache import UserError
from headstart.extract.settings import TableFormat
from headstart.extract.tables import streams as module
from headstart.extract.tables.files import stem
from headstart.extract.tables.reader import read_batches

from ..conftest import dataset_of
from .formats import COMPRESS, TABLE, WRITE, whole


def test_another_encoding_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("text,label\nplain,1\ncafé,0\n".encode("cp1252"))
    with pytest.raises(UserError, match=r"data row 2 \(line 3\): it is not UTF-8; .* `--encoding cp1252`"):
        whole(str(path))
    (batch,) = read_batches(str(path), table_format=TableFormat("cp1252"))
    assert batch.column("text") == ["plain", "café"]
    with pytest.raises(UserError, match="--encoding 'klingon' is unknown"):
        next(read_batches(str(path), table_format=TableFormat("klingon")))


def test_bytes_that_an_encoding_does_not_know_are_a_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"text,label\nplain,1\n\x81,0\n")
    (batch,) = read_batches(str(path), table_format=TableFormat("cp1252"))
    assert [row.row for row in batch.bad] == [2]


@pytest.mark.parametrize("compression", ["", ".gz", ".zst"])
@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl"])
def test_standard_input(monkeypatch: pytest.MonkeyPatch, ending: str, compression: str) -> None:
    data = io.BytesIO(COMPRESS[compression](WRITE[ending](TABLE)))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(data))
    pd.testing.assert_frame_equal(whole("-"), TABLE)
    assert stem("-") == "stdin"


def test_a_byte_order_mark_blank_lines_and_crlf(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("\ufefftext,label\r\na b,1\r\n\r\nc d,0\r\n".encode())
    rows = dataset_of(str(tmp_path / "a.csv"))
    assert (rows.texts, rows.columns) == (["a b", "c d"], ("text", "label"))


def test_a_zip_of_one_file(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.csv.zip", "w") as archive:
        archive.writestr("inner.csv", "text,label\na b,1\nc d,0\n")
    assert dataset_of(str(tmp_path / "a.csv.zip")).texts == ["a b", "c d"]
    with zipfile.ZipFile(tmp_path / "a.csv.zip", "a") as archive:
        archive.writestr("other.csv", "x")
    with pytest.raises(UserError, match="holds 2 files"):
        dataset_of(str(tmp_path / "a.csv.zip"))


@pytest.mark.parametrize("compression", [".gz", ".zst", ".zip"])
@pytest.mark.parametrize("content", [b"\n", b"a", b"a,0\n"])
def test_a_file_that_unpacks_without_end_is_left(
    content: bytes, compression: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGE", 250_000)
    path = tmp_path / f"a.csv{compression}"
    path.write_bytes(COMPRESS[compression](b"text,label\n" + content * (2_000_000 // len(content))))
    with pytest.raises(UserError, match=r"a\.csv\.\w+ unpacks to more than 200 times its size"):
        list(read_batches(str(path)))


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "compression", [".zst", pytest.param(".gz", marks=SLOW), pytest.param(".zip", marks=SLOW)]
)
@pytest.mark.parametrize(
    "blank", [b"\n", b" \r\n", pytest.param(b"\t\n", marks=SLOW), "\n".encode("utf-16-le")]
)
def test_blanks_without_end_are_left(
    blank: bytes, compression: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BLANK", 200_000)
    path, encoding = tmp_path / f"a.csv{compression}", "utf-16-le" if b"\0" in blank else "utf-8"
    head, row = "text,label\nx,0\n".encode(encoding), "y,1\n".encode(encoding)
    path.write_bytes(COMPRESS[compression](head + blank * (400_000 // len(blank)) + row))
    with pytest.raises(UserError, match=r"a\.csv\.\w+ unpacks to more than 200,000 bytes of nothing but"):
        list(read_batches(str(path), table_format=TableFormat(encoding)))
    between = head + (blank * (100_000 // len(blank)) + row) * 4
    path.write_bytes(COMPRESS[compression](between))
    (batch,) = read_batches(str(path), table_format=TableFormat(encoding))
    assert batch.column("text") == ["x", "y", "y", "y", "y"]
