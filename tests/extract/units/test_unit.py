"""Units cover each row of the data once, are found from little of a file, and are read apart."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headstart.cache.runtime.errors import UserError
from headstart.extract.settings import TableFormat
from headstart.extract.tables.reader import read_batches
from headstart.extract.tables.source import all_columns
from headstart.extract.units import unit as units_module
from headstart.extract.units.unit import describe_whole, read_unit, units_of

ROWS = [(f"text {number} {'ä' * (number % 7)}", str(number % 3)) for number in range(97)]
PLAIN, UNQUOTED = TableFormat(), TableFormat(quoting="none")


def as_parquet(path: Path) -> Path:
    table = pa.table({"text": [text for text, _ in ROWS], "label": [label for _, label in ROWS]})
    pq.write_table(table, path / "a.parquet", row_group_size=10)
    return path / "a.parquet"


def as_lines(path: Path) -> Path:
    lines = [json.dumps({"text": text, "label": label}, ensure_ascii=False) for text, label in ROWS]
    (path / "a.jsonl").write_text("\n".join(lines))  # without an end of the last line
    return path / "a.jsonl"


def as_tsv(path: Path) -> Path:
    (path / "a.tsv").write_text("text\tlabel\r\n" + "".join(f"{text}\t{label}\r\n" for text, label in ROWS))
    return path / "a.tsv"


WRITERS = [(as_parquet, PLAIN), (as_lines, PLAIN), (as_tsv, UNQUOTED)]


@pytest.fixture(autouse=True)
def short_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units_module, "RANGE_BYTES", 300)


@pytest.mark.parametrize(("write", "table_format"), WRITERS)
def test_units_hold_every_row_once(
    write: Callable[[Path], Path], table_format: TableFormat, tmp_path: Path
) -> None:
    file = str(write(tmp_path))
    units = units_of(file, table_format)
    assert len(units) > 5
    assert [unit.number for unit in units] == list(range(len(units)))
    rows, positions = [], []
    for unit in units:
        for batch in read_unit(unit, table_format, all_columns):
            assert not batch.bad
            rows += [tuple(row) for row in batch.rows]
            positions += (batch.numbers + batch.before).tolist()
    assert rows == ROWS
    assert positions == sorted(set(positions))
    whole = [tuple(row) for batch in read_batches(file, table_format=table_format) for row in batch.rows]
    assert rows == whole


def test_row_groups_know_their_rows(tmp_path: Path) -> None:
    units = units_of(str(as_parquet(tmp_path)), PLAIN)
    assert [unit.rows for unit in units] == [10] * 9 + [7]
    assert [unit.first for unit in units] == list(range(0, 97, 10))


def test_several_files_follow_each_other(tmp_path: Path) -> None:
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        as_parquet(tmp_path / name)
    units = units_of(str(tmp_path / "*" / "a.parquet"), PLAIN)
    assert [unit.source for unit in units] == [0] * 10 + [1] * 10
    assert units[10].first == 97
    assert len({unit.mark for unit in units}) == 10  # the two files hold the same


@pytest.mark.parametrize(("write", "table_format"), WRITERS)
def test_a_changed_file_has_other_marks(
    write: Callable[[Path], Path], table_format: TableFormat, tmp_path: Path
) -> None:
    file = write(tmp_path)
    before = [unit.mark for unit in units_of(str(file), table_format)]
    assert before == [unit.mark for unit in units_of(str(file), table_format)]
    (tmp_path / "other").mkdir()
    moved = file.rename(tmp_path / "other" / f"renamed{file.suffix}")
    assert before == [unit.mark for unit in units_of(str(moved), table_format)]  # content, not places
    ROWS.append(("one more", "1"))
    try:
        changed = [unit.mark for unit in units_of(str(write(tmp_path)), table_format)]
    finally:
        ROWS.pop()
    assert not set(before) & set(changed)


WHOLE = [
    ("a.csv", "text,label\n" + '"a\nb",1\n' * 200, PLAIN),
    ("b.tsv", "text\tlabel\n" + '"a\nb"\t1\n' * 200, PLAIN),  # quotes may stand around a cell
    ("c.jsonl", '{"text": "a", "label": 1}\n' * 200, TableFormat(encoding="utf-16")),
]


@pytest.mark.parametrize(("name", "content", "table_format"), WHOLE)
def test_what_cannot_be_cut_safely_is_one_unit(
    name: str, content: str, table_format: TableFormat, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(content, encoding=table_format.encoding or "utf-8")
    (unit,) = units_of(str(tmp_path / name), table_format)
    assert (unit.part, unit.rows) == (None, None)
    assert sum(len(batch.rows) for batch in read_unit(unit, table_format, all_columns)) == 200
    remark = describe_whole([unit])
    assert remark
    assert "as Parquet each row group is a unit" in remark


def test_utf_16_says_so_itself(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a", "label": 1}\n' * 200, encoding="utf-16")
    (unit,) = units_of(str(tmp_path / "a.jsonl"), PLAIN)
    assert unit.part is None


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_lines_longer_than_a_range(ends: str, tmp_path: Path) -> None:
    lines = [
        json.dumps({"text": "x" * length, "label": "1"}) for length in (5, 2000, 1, 299, 300, 301, 4000, 2)
    ]
    (tmp_path / "a.jsonl").write_bytes(ends.join(lines).encode())
    units = units_of(str(tmp_path / "a.jsonl"), PLAIN)
    lengths = [
        len(row[0]) for unit in units for batch in read_unit(unit, PLAIN, all_columns) for row in batch.rows
    ]
    assert lengths == [5, 2000, 1, 299, 300, 301, 4000, 2]


def test_blank_ranges_hold_no_rows(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(
        '{"text": "a", "label": "1"}\n' + "\n" * 1000 + '{"text": "b", "label": "0"}'
    )
    rows = [
        row
        for unit in units_of(str(tmp_path / "a.jsonl"), PLAIN)
        for batch in read_unit(unit, PLAIN, all_columns)
        for row in batch.rows
    ]
    assert [row[0] for row in rows] == ["a", "b"]


@pytest.mark.parametrize("data", ["-", "hf:owner/name"])
def test_streams_are_refused(data: str) -> None:
    with pytest.raises(UserError, match="--worker reads files"):
        units_of(data, PLAIN)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"x" * 100 + b"PAR1", b"no Parquet file at all"])
def test_a_damaged_parquet_file(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(UserError, match="cannot be read"):
        units_of(str(tmp_path / "a.parquet"), PLAIN)


BEFORE_THE_HEADER = ["sep=\t\n", "\n", "\ufeffsep=\t\r\n", '"sep=\t"\n', " \n\n"]


@pytest.mark.parametrize("before", BEFORE_THE_HEADER)
def test_lines_before_the_header_go_with_every_part(before: str, tmp_path: Path) -> None:
    file = as_tsv(tmp_path)
    file.write_bytes(before.encode() + file.read_bytes())
    units = units_of(str(file), UNQUOTED)
    rows = [
        tuple(row) for unit in units for batch in read_unit(unit, UNQUOTED, all_columns) for row in batch.rows
    ]
    assert len(units) > 5
    assert rows == ROWS


def test_more_rows_than_bytes_have_no_positions(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "a.csv.gz", "wt") as file:
        file.write("text,label\n" + "a b,0\n" * 5_000)
    (unit,) = units_of(str(tmp_path / "a.csv.gz"), PLAIN)
    with pytest.raises(UserError, match="more rows than bytes: unpack it first"):
        list(read_unit(unit, PLAIN, all_columns))


@pytest.mark.parametrize("encoding", ["gzip", "utf-16", "utf-32", "utf-32-be"])
def test_what_cannot_be_cut_is_one_unit_whatever_its_name(encoding: str, tmp_path: Path) -> None:
    file = as_lines(tmp_path)
    text = file.read_text()
    mark = "\ufeff" if encoding.endswith("be") else ""
    file.write_bytes(gzip.compress(text.encode()) if encoding == "gzip" else (mark + text).encode(encoding))
    (unit,) = units_of(str(file), PLAIN)
    assert [tuple(row) for batch in read_unit(unit, PLAIN, all_columns) for row in batch.rows] == ROWS
