import errno
import io
import sys

import pytest

from headstart.cache.runtime import progress
from headstart.cache.runtime.progress import (
    Clock,
    Reporter,
    TerminalReporter,
    draw_line,
    format_duration,
    progress_line,
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_by_hand() -> None:
    line = progress_line(25, 100, 5.0, "rows")
    assert line == "[########                      ]  25%  5 rows/s  0:15 left "


def test_minutes_and_seconds() -> None:
    times = {0.0: "0:00", 59.6: "1:00", 83.0: "1:23", 3600.0: "60:00"}
    assert [format_duration(seconds) for seconds in times] == [*times.values()]


def test_lines_go_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    TerminalReporter().log("what is coming")
    assert capsys.readouterr() == ("what is coming\n", "")


def test_each_work_ends_with_a_whole_bar(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = TerminalReporter()
    for work, unit in (("cleaning", "rows"), ("backbone", "tokens")):
        reporter.start(work, 10, unit)
        reporter.advance(4)
        reporter.advance(6)
    lines = capsys.readouterr().err.splitlines()
    assert lines[::2] == ["cleaning: 10 rows ...", "backbone: 10 tokens ..."]
    lines = lines[1::2]
    assert [line.split()[0] for line in lines] == ["cleaning", "backbone"]
    assert all(
        "100%" in line and f"{unit}/s" in line for line, unit in zip(lines, ("rows", "tokens"), strict=True)
    )


def test_a_bar_is_redrawn_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    reporter = TerminalReporter()
    reporter.start("cleaning", 4, "rows")
    for _ in range(4):
        reporter.advance(1)
    _, begun, *shown = terminal.getvalue().split("\r")
    assert begun == "cleaning: 4 rows ...\033[K"
    assert [line.split("%")[0][-3:].strip() for line in shown] == ["25", "50", "75", "100"]
    assert terminal.getvalue().count("\n") == 1
    assert terminal.getvalue().endswith("\n")


def test_a_shorter_line_leaves_nothing_of_a_longer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        monkeypatch.setattr(sys, "stderr", stream)
        draw_line("longer")
        draw_line("short")
    assert terminal.getvalue() == "\rlonger\033[K\rshort\033[K"
    assert file.getvalue() == "longer\nshort\n"


def test_a_line_is_as_wide_as_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that went on in the next row could not be drawn over."""
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    draw_line("x" * 200)
    assert terminal.getvalue() == f"\r{'x' * 79}\033[K"


def drawn(text: str) -> list[str]:
    """Everything that was on a terminal's last line, and the lines that stayed, which end in a line end."""
    return text.replace("\033[K", "").lstrip("\r").split("\r")


def test_a_phase_is_named_while_it_runs_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    reporter = TerminalReporter(apart=True)
    with reporter.phase("compiling", logged=False):
        reporter.log("a line")
        with reporter.phase("inner"):
            pass
    assert drawn(terminal.getvalue()) == [
        "compiling ...", "a line\n", "compiling ...", "inner ...", "", "compiling ...", ""
    ]  # fmt: skip


def test_how_far_a_phase_came_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    reporter = TerminalReporter(apart=True)
    with reporter.phase("training"):
        reporter.show("epoch 1")
        reporter.show("epoch 2")
    with reporter.phase("writing"):
        pass
    assert drawn(terminal.getvalue()) == [
        "training ...", "epoch 1", "epoch 2", "epoch 2\n", "writing ...", ""
    ]  # fmt: skip


def test_an_error_begins_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with pytest.raises(KeyError), TerminalReporter(apart=True).phase("training"):
        raise KeyError
    assert drawn(terminal.getvalue()) == ["training ...", ""]


def test_a_log_names_each_phase_once(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = TerminalReporter(apart=True)
    for _ in range(3):  # folds
        with reporter.phase("loading JAX", logged=False):
            pass
        with reporter.phase("compiling"), reporter.phase("training"):
            reporter.log("a line")
    assert capsys.readouterr().err.splitlines() == ["compiling ...", "training ...", *["a line"] * 3]


def test_a_log_of_an_hour_is_short(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    reporter = TerminalReporter()
    reporter.start("backbone", 3600, "tokens")
    for _ in range(3600):
        now[0] += 1
        reporter.advance(1)
    lines = capsys.readouterr().err.splitlines()
    assert 10 < len(lines) <= 25
    assert "100%" in lines[-1]


def test_the_reporter_that_prints_nothing_has_phases_too() -> None:
    with Reporter().phase("compiling"):
        pass


def test_a_clock_adds_up_the_seconds_of_each_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [10.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    clock = Clock()
    for phase, seconds in (("clean", 1.0), ("write", 2.0), ("clean", 4.0)):
        with clock.measure(phase):
            now[0] += seconds
        now[0] += 0.5

    def fail_late() -> None:
        now[0] += 8.0
        raise KeyError

    with pytest.raises(KeyError), clock.measure("write"):
        fail_late()
    assert clock.seconds == {"clean": 5.0, "write": 10.0}
    assert clock.total() == 16.5


@pytest.mark.parametrize("name", ["\x1b]0;title\x07", "turned\u202eback", "two\nlines\r", "caf\udce9"])
def test_names_in_lines_and_bars_move_nothing(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    TerminalReporter().log(f"{name}: waiting")
    draw_line(name)
    out, err = capsys.readouterr()
    assert all(text.endswith("\n") and text[:-1].isprintable() for text in (out, err))
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    draw_line(name, last=True)
    assert terminal.getvalue()[1:].removesuffix("\033[K\n").isprintable()


def test_a_log_on_a_full_disk_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sys, "stderr", Full())
    with TerminalReporter().phase("training"):
        draw_line("epoch 1")

    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Closed())
    with pytest.raises(BrokenPipeError):
        draw_line("epoch 1")
