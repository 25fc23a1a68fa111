"""Delimited text: the delimiter, in doubt a comma, line ends, and the header."""

from pathlib import Path

import pandas as pd
import pytest

from ..conftest import dataset_of
from .formats import TABLE, whole


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_and_byte_order_mark_are_found_out(tmp_path: Path, delimiter: str, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TABLE.to_csv(index=False, sep=delimiter).encode(encoding))
    pd.testing.assert_frame_equal(whole(str(path)), TABLE)


def test_line_ends_within_cells_and_between(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'text,label\r\n"a\r\nb",1\r\n\r\n"c\rd",0\re f,1\n')
    assert whole(str(path)).to_numpy().tolist() == [["a\r\nb", "1"], ["c\rd", "0"], ["e f", "1"]]


def test_a_huge_cell(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"text,label\n{'word ' * 2_000_000},1\nc d,0\n")
    assert len(dataset_of(str(tmp_path / "a.csv")).texts[0]) == 10_000_000


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\ufeff", "\u200b", " \ufeff"])
def test_blanks_around_the_name_of_a_column_are_no_part_of_it(tmp_path: Path, blank: str) -> None:
    (tmp_path / "a.csv").write_bytes(f"id,{blank}text{blank},label{blank}\n1,a b, c\n".encode())
    table = whole(str(tmp_path / "a.csv"))
    assert table.columns.tolist() == ["id", "text", "label"]
    assert table["label"].tolist() == [" c"]
