"""How far a stream is, by bytes where they say something about its rows."""

from pathlib import Path

import pandas as pd

from headstart.cache.runtime.progress import TerminalReporter
from headstart.extract.predict.progress import StreamProgress, row_bytes, total_bytes
from headstart.extract.tables.batch import BadRow
from headstart.extract.tables.reader import TableChunk


def table_of(rows: int, size: int) -> TableChunk:
    """Rows of so many bytes together, line ends included."""
    return TableChunk(pd.DataFrame({"text": ["x" * (size // rows - 1)] * rows}), [])


def test_rate_and_time_left_by_hand(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x" * 1000)
    progress = StreamProgress(str(tmp_path / "a.csv"), False, Recorder())
    progress(table_of(20, 200), new=False)
    progress(table_of(10, 100), new=True)
    assert progress.line(2.0) == "30 rows [####                          ]  12%  5 rows/s  0:14 left "
    progress(table_of(30, 300), new=True)
    assert progress.line(4.0) == "60 rows [###############               ]  50%  10 rows/s  0:04 left "
    progress(table_of(30, 900), new=True)  # an estimate never falls below 0
    assert progress.line(7.0) == "90 rows [##############################] 100%  10 rows/s  0:00 left "


def test_without_a_size_there_is_no_time_left() -> None:
    progress = StreamProgress("-", False, Recorder())
    assert progress.line(2.0) == "0 rows  0 rows/s"
    progress(table_of(10, 100), new=True)
    assert progress.line(2.0) == "10 rows  5 rows/s"


def test_bytes_say_little_of_packed_files(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("text\nyou are kind\n")
    assert total_bytes(str(tmp_path / "*.csv")) == 2 * 18
    (tmp_path / "c.csv.gz").touch()
    assert total_bytes(str(tmp_path / "c.csv.gz")) is None
    assert total_bytes(str(tmp_path / "*")) is None
    assert total_bytes("-") is None


def test_bytes_of_rows_are_about_those_of_the_file() -> None:
    table = pd.DataFrame({"text": ["you are", "kind"], "id": ["1", "22"]})
    assert row_bytes(table) == len("you are,1\nkind,22\n")


class Recorder(TerminalReporter):
    """Keeps what is logged and shown; every second time something is due."""

    def __init__(self) -> None:
        super().__init__(apart=True)
        self.lines, self.shown, self.asked = list[str](), list[str](), 0

    def log(self, line: str) -> None:
        self.lines.append(line)

    def is_due(self) -> bool:
        self.asked += 1
        return self.asked % 2 == 0

    def show(self, line: str) -> None:
        self.shown.append(line)


def test_rows_left_out_are_named_if_wanted_and_few_chunks_are_shown() -> None:
    chunk = TableChunk(pd.DataFrame({"text": ["you"]}), [BadRow("a.csv", 3, None, "it holds a NUL byte")])
    recorder = Recorder()
    for report in (True, False):
        StreamProgress("-", report, recorder)(chunk, new=True)
    assert recorder.lines == [f"left out: {chunk.bad[0]}"]
    assert [line.split("  ")[0] for line in recorder.shown] == ["1 rows"]
    StreamProgress("-", True, recorder)(chunk._replace(bad=[]), new=False)
    assert (recorder.asked, len(recorder.shown)) == (2, 1)


def test_what_is_not_shown_is_counted() -> None:
    recorder, chunk = Recorder(), TableChunk(pd.DataFrame({"text": ["you"]}), [])
    progress = StreamProgress("-", False, recorder)
    for _ in range(6):
        progress(chunk, new=True)
    assert [line.split("  ")[0] for line in recorder.shown] == ["2 rows", "4 rows", "6 rows"]
