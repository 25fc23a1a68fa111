"""What becomes of bad rows: an error, a count, or a list in a file."""

import json
from pathlib import Path

import pytest

from headstart.cache import UserError
from headstart.extract.tables.bad_rows import BadRows, check_mode
from headstart.extract.tables.batch import BadRow

from ..conftest import dataset_of


def test_the_report_lists_every_bad_row(tmp_path: Path) -> None:
    path = str(tmp_path / "a.csv")
    Path(path).write_text("text,label\na b,1\nragged\nc d,\n,1\ne f,0\n")
    report = tmp_path / "bad.jsonl"
    rows = dataset_of(path, on_bad_row="report", bad_rows=str(report))
    assert [json.loads(line) for line in report.read_text().splitlines()] == [
        {"file": path, "row": 2, "line": 3, "reason": "it has 1 cell, the header has 2"},
        {"file": path, "row": 3, "line": None, "reason": "column 'label' holds ''; every row needs a label"},
    ]
    assert str(rows.counts) == "5 rows read = 2 used + 1 rows without text left out + 2 bad"
    assert rows.counts.details()[-1] == f"all 2 bad rows: {report}"
    with pytest.raises(UserError, match="is one of the data files"):
        dataset_of(path, on_bad_row="report", bad_rows=path)
    with pytest.raises(UserError, match="choose another file with --bad-rows"):
        dataset_of(path, on_bad_row="report", bad_rows=str(tmp_path / "none" / "bad.jsonl"))


ROWS = [BadRow("a.csv", number, None, "odd") for number in range(1, 6)]


def test_the_first_row_stops_all_unless_rows_are_left_out(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^a.csv, data row 1: odd; mend it, or .* `--on-bad-row skip`"):
        BadRows("error", "").add(ROWS)
    with BadRows("skip", str(tmp_path / "bad.jsonl")) as bad:
        bad.add(ROWS[:2])
        bad.add(ROWS[2:])
    assert (bad.count, bad.examples, bad.path) == (5, [f"a.csv, data row {n}: odd" for n in (1, 2, 3)], None)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UserError, match="--on-bad-row 'keep' is none of error, skip, report"):
        check_mode("keep")


def test_after_an_error_there_is_no_report(tmp_path: Path) -> None:
    def fail() -> None:
        with BadRows("report", str(tmp_path / "bad.jsonl")) as bad:
            bad.add(ROWS)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []
