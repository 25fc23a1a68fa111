"""Files that were joined, packed or opened by other programs: what those leave is told from rows."""

import gzip
import json
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headstart.cache import UserError
from headstart.extract.tables import delimited
from headstart.extract.tables.batch import REPEATED, names_again
from headstart.extract.tables.reader import read_chunks

from .test_reader_recognised import BODY, TEXTS, remarks, rows_of

LINES = BODY.format(",").splitlines(keepends=True)


@pytest.mark.parametrize(
    ("cells", "again"),
    [
        (["Text", " LABEL "], True),
        (["\ufefftext", "label"], True),
        (["text", "labels"], False),
        (["text"], False),
        (["text" + " " * 30, "label"], False),
    ],
)
def test_when_names_come_again(cells: list[str], again: bool) -> None:
    assert names_again(cells, ["text", "label"]) is again


@pytest.mark.parametrize(
    ("header", "again"),
    [
        ("text,label", "Text,Label"),
        ("Text,LABEL", "text,label"),
        ("text,label,more", "text,label,other"),
        ("id,text,label", "ID, Text ,label"),
        ("text,label,split", "TEXT,LABEL,split"),
    ],
)
def test_a_header_in_another_case_or_beside_other_columns(tmp_path: Path, header: str, again: str) -> None:
    shape = ["{},{}", "7,{},{}", "{},{},x"][1 if header.startswith("id") else 2 * (header.count(",") > 1)]
    lines = [shape.format(*line.strip().split(",")) for line in LINES]
    content = "\n".join([header, *lines[:2], again, *lines[2:], again])
    rows = rows_of(tmp_path / "a.csv", content)
    assert (rows.texts, rows.task.classes, rows.counts.bad) == (TEXTS, ("0", "1"), 2)
    assert REPEATED in remarks(rows)


@pytest.mark.parametrize("again", ["label,text,n", "n,text,label", "Label,N,Text"])
@pytest.mark.parametrize("mode", ["error", "skip"])
def test_a_header_in_another_order_is_refused(tmp_path: Path, again: str, mode: str) -> None:
    content = "".join(["text,label,n\n", *(f"{line.strip()},5\n" for line in LINES), again, "\n0,so,so\n"])
    with pytest.raises(UserError, match="line 6: the header comes again in another order"):
        rows_of(tmp_path / "a.csv", content, on_bad_row=mode)


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
@pytest.mark.parametrize("again", ["label", "LABEL", " Label"])
def test_a_header_among_objects(tmp_path: Path, ending: str, again: str) -> None:
    table = [*zip(TEXTS, "0101", strict=True)]
    table.insert(2, ("text", again))
    path = tmp_path / f"a.{ending}"
    if ending == "parquet":
        pq.write_table(
            pa.table({"text": [row[0] for row in table], "label": [row[1] for row in table]}), path
        )
    else:
        path.write_text("".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in table))
    rows = rows_of(path, path.read_bytes())
    assert (rows.texts, rows.task.classes, rows.counts.bad) == (TEXTS, ("0", "1"), 1)


@pytest.mark.parametrize(
    ("line", "delimiter"),
    [
        ("sep=;,,", ";"),
        ("sep=; ", ";"),
        ("sep = ;", ";"),
        ("sep=\\t", "\t"),
        ("sep=,;;", ","),
        ('"sep=|",', "|"),
    ],
)
def test_excel_s_first_line_as_others_write_it(tmp_path: Path, line: str, delimiter: str) -> None:
    rows = rows_of(tmp_path / "a.csv", f"{line}\ntext{delimiter}label\n{BODY.format(delimiter)}")
    assert (rows.texts, rows.columns) == (TEXTS, ("text", "label"))


@pytest.mark.parametrize(
    ("line", "delimiter"), [("sep=;", ";"), ("sep=;;", ";"), ("SEP=\t", "\t"), ("sep=,", ",")]
)
@pytest.mark.parametrize("more", ["", "more"])
def test_joined_files_of_excel(tmp_path: Path, line: str, delimiter: str, more: str) -> None:
    rows = "".join(f"{row}{delimiter * bool(more)}\n" for row in BODY.format(delimiter).splitlines())
    one = f"{line}\ntext{delimiter}label{delimiter * bool(more)}{more}\n{rows}"
    read = rows_of(tmp_path / "a.csv", one + one + one)
    assert (read.texts, read.task.classes, read.counts.bad) == (TEXTS * 3, ("0", "1"), 4)


@pytest.mark.parametrize("name", ["sep=;", "sep", "sep=ab"])
def test_a_column_may_be_called_like_it(tmp_path: Path, name: str) -> None:
    assert rows_of(tmp_path / "a.csv", f"{name},label\n{BODY.format(',')}").columns == (name, "label")


@pytest.mark.parametrize("blank", ["  \n", "\t\n", " \t \n", "\u3000\n", "   "])
def test_lines_of_blanks_are_no_rows(tmp_path: Path, blank: str) -> None:
    content = "".join(
        [blank.rstrip("\n") + "\n", "text,label\n", *LINES[:2], blank.rstrip("\n") + "\n", *LINES[2:], blank]
    )
    rows = rows_of(tmp_path / "a.csv", content)
    assert (rows.texts, rows.counts.read) == (TEXTS, 4)


BESIDE = [["README.txt", "LICENSE"], ["x\\Thumbs.db", "__MACOSX\\x\\._a.csv"], [".gitkeep", ".fseventsd/no"],
          ["~$a.csv", ".~lock.a.csv#", "Icon\r"], ["notes.md", "photo.png", "ehthumbs.db"]]  # fmt: skip


@pytest.mark.parametrize("beside", BESIDE)
@pytest.mark.parametrize("name", ["a.csv", "x/a.CSV", "x\\a.csv"])
def test_the_only_table_of_an_archive_is_read(tmp_path: Path, beside: list[str], name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.csv.zip", "w") as archive:
        for member in (*beside, name):
            archive.writestr(member, "text,label\n" + BODY.format(",") if member == name else "no table")
    rows = rows_of(tmp_path / "a.csv.zip", (tmp_path / "a.csv.zip").read_bytes())
    assert rows.texts == TEXTS
    assert f"{name} is read, what lies beside it is not: {beside[0]}" in "\n".join(rows.counts.remarks)


@pytest.mark.parametrize("beside", [["b.csv"], ["b.jsonl", "README"], ["x/test.tsv", ".DS_Store"]])
def test_two_tables_of_an_archive_are_a_question(tmp_path: Path, beside: list[str]) -> None:
    with zipfile.ZipFile(tmp_path / "a.csv.zip", "w") as archive:
        for member in ("a.csv", *beside):
            archive.writestr(member, "text,label\n")
    with pytest.raises(UserError, match="one is wanted: unpack it"):
        rows_of(tmp_path / "a.csv.zip", (tmp_path / "a.csv.zip").read_bytes())


@pytest.mark.parametrize("name", ["a.csv", "a.csv.zst", "a.csv.gz"])
@pytest.mark.parametrize("pack", [gzip.compress, lambda data: pa.compress(data, codec="zstd", asbytes=True)])
def test_what_is_packed_says_so_itself(tmp_path: Path, name: str, pack: object) -> None:
    content = pack(("text,label\n" + BODY.format(",")).encode())  # type: ignore[operator]
    assert rows_of(tmp_path / name, content).texts == TEXTS


@pytest.mark.parametrize("name", ["ï»¿text", "ï»¿ text", "\ufefftext"])
def test_a_byte_order_mark_that_was_misread(tmp_path: Path, name: str) -> None:
    assert rows_of(tmp_path / "a.csv", f"{name},label\n{BODY.format(',')}").columns == ("text", "label")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("more", ["{0}", "{0}{0} {0}", '{0}""'])
@pytest.mark.parametrize("rows", [1, 4])
def test_empty_cells_beyond_the_header_are_not_read(
    tmp_path: Path, delimiter: str, more: str, rows: int
) -> None:
    lines = BODY.format(delimiter).splitlines()
    lines = [line + more.format(delimiter) * (place < rows) for place, line in enumerate(lines)]
    read = rows_of(tmp_path / "a.csv", "\n".join([f"text{delimiter}label", *lines]))
    assert (read.texts, read.task.classes) == (TEXTS, ("0", "1"))
    assert remarks(read).count("rows end in empty cells beyond the header") == 1


@pytest.mark.parametrize("more", [",x", ",,x", ", ,0"])
def test_cells_beyond_the_header_that_hold_something_are_not_lost(tmp_path: Path, more: str) -> None:
    with pytest.raises(UserError, match=r"it has \d cells, the header has 2"):
        rows_of(tmp_path / "a.csv", f"text,label\nso kind,0{more}\n{BODY.format(',')}")


@pytest.mark.parametrize(
    "merged",
    ['0,"well\n1,the end"', '0,"so\n1,kind\n0,"', '0,"a ""b"" c\r\n1,d "'],
    ids=["two", "three", "doubled"],
)
def test_a_merge_behind_lines_without_quotes_is_a_question(
    tmp_path: Path, merged: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "FIRST_LINES", 3)
    content = f"label,text\n0,so\n1,kind\n0,fine\n{merged}\n1,so\n"
    with pytest.raises(UserError, match=r"are one row if quotes stand around cells.*`--quoting none`"):
        rows_of(tmp_path / "a.csv", content)
    assert rows_of(tmp_path / "a.csv", content, quoting="minimal").counts.used == 5
    assert rows_of(tmp_path / "a.csv", content, quoting="none").counts.used == 5 + merged.count("\n")
    quoted = rows_of(tmp_path / "a.csv", content.replace("0,so", '0,"so, he said"'))
    assert quoted.counts.used == 5  # quotes do stand around cells


@pytest.mark.parametrize("cell", ["so\nkind", "so\r\nkind\n", "\n\nso kind"])
def test_a_column_alone_is_quoted_as_ever(tmp_path: Path, cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "FIRST_LINES", 3)
    path = tmp_path / "a.csv"
    path.write_bytes(f'text\nso\nkind\nfine\n"{cell}"\nso\n'.encode())
    assert sum(len(chunk.table) for chunk in read_chunks(str(path))) == 5
