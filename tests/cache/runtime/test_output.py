"""Remarks, and results as JSON."""

import json
import shlex
import sys

import pytest

from headstart.cache.runtime.errors import exit_code
from headstart.cache.runtime.output import OutputSettings, remarks, say_json, say_next
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


@pytest.mark.parametrize(
    "path", ["results/a-minilm-0", "my results/it's", "x; rm -rf $HOME", "caf\u00e9 \u4e2d", "-n", "a*b?"]
)
def test_the_next_command_can_be_pasted(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    say_next("label a file", "python", "predict.py", "--run", path)
    out, err = capsys.readouterr()
    about, command = err.splitlines()
    assert (out, about) == ("", "next: label a file:")
    assert shlex.split(command) == ["python", "predict.py", "--run", path]
    say_next("the report is there")
    assert capsys.readouterr().err == "next: the report is there\n"


@pytest.mark.parametrize(
    ("quiet", "json", "talks"), [(False, False, True), (True, False, False), (False, True, False)]
)
def test_next_to_results_for_programs_nothing_is_said(quiet: bool, json: bool, talks: bool) -> None:
    assert OutputSettings(quiet=quiet, json=json).talks is talks
