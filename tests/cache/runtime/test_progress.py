import pytest

from headstart.cache.runtime.progress import TerminalListener, clock, progress_line


def test_a_line_by_hand() -> None:
    line = progress_line(25, 100, 5.0, "rows")
    assert line == "[########                      ]  25%  5 rows/s  0:15 left "


def test_minutes_and_seconds() -> None:
    assert [clock(seconds) for seconds in (0.0, 59.6, 83.0, 3600.0)] == ["0:00", "1:00", "1:23", "60:00"]


def test_each_work_ends_with_a_whole_bar(capsys: pytest.CaptureFixture[str]) -> None:
    listener = TerminalListener()
    for work, unit in (("cleaning", "rows"), ("backbone", "tokens")):
        listener.start(work, 10, unit)
        listener.advance(4)
        listener.advance(6)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in lines] == ["cleaning", "backbone"]
    assert all(
        "100%" in line and f"{unit}/s" in line for line, unit in zip(lines, ("rows", "tokens"), strict=True)
    )
