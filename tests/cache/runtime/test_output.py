"""Remarks, and results as JSON."""

import json
import sys

import pytest

from headstart.cache.runtime.errors import exit_code
from headstart.cache.runtime.output import remarks, say_json
from headstart.cache.runtime.progress import TerminalReporter


def work() -> None:
    reporter = TerminalReporter()
    reporter.log("a remark")
    reporter.start("work", 1, "rows")
    reporter.advance(1)


@pytest.mark.parametrize(
    ("quiet", "apart", "out", "err"),
    [
        (False, False, "a remark", "1 rows/s"),
        (True, False, "a remark", ""),
        (False, True, "", "a remark"),
        (True, True, "", ""),
    ],
)
def test_where_remarks_go(
    quiet: bool, apart: bool, out: str, err: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with remarks(quiet, apart):
        work()
    say_json([])
    heard = capsys.readouterr()
    assert heard.out.splitlines() == [*filter(None, [out]), "[]"]
    assert ("rows/s" in heard.err) == (not quiet)
    assert ("a remark" in heard.err) == (err == "a remark")


@pytest.mark.parametrize("error", [ValueError("broken"), OSError("no disk")])
def test_an_error_is_told_by_a_quiet_command(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    def main() -> None:
        with remarks(quiet=True, apart=True):
            print("unheard", file=sys.stderr)
            raise error

    if isinstance(error, OSError):
        assert exit_code(main) == 2
        assert capsys.readouterr() == ("", "error: no disk\n")
    else:
        with pytest.raises(ValueError, match="broken"):
            exit_code(main)


@pytest.mark.parametrize(
    ("value", "same"),
    [
        ({"a": [1, 2.5, None, True]}, {"a": [1, 2.5, None, True]}),
        ({"loss": float("nan"), "of": (float("inf"), float("-inf"), 1e300)}, {"loss": None, "of": [None, None, 1e300]}),
        ({"caf\udce9\n\x1b[2J": "NaN of a text"}, {"caf\udce9\n\x1b[2J": "NaN of a text"}),
    ],
)  # fmt: skip
def test_one_document_of_one_line(value: object, same: object, capsys: pytest.CaptureFixture[str]) -> None:
    say_json(value)
    out = capsys.readouterr().out
    assert json.loads(out) == same
    assert out.count("\n") == 1
    assert out.rstrip("\n").isascii()
    assert out.rstrip("\n").isprintable()
