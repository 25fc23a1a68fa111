"""Mistakes on the command line."""

import pytest

from headstart.cache.runtime.command_line import CommandLineParser
from headstart.train.options import parse_compare


@pytest.mark.parametrize("name", ["\x1b[2Jx", "turned\u202eback", "bell\x07", "two\nlines", "caf\udce9"])
def test_an_argument_is_repeated_as_text(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = CommandLineParser(prog="x")
    parser.add_subparsers().add_parser("part").add_argument("--count", type=int)
    for arguments in (["part", name], ["part", "--count", name], [name]):
        with pytest.raises(SystemExit):
            parser.parse_args(arguments)
        lines = capsys.readouterr().err.split("\n")
        assert all(line.isprintable() for line in lines)
        assert len([line for line in lines if line.startswith("x")]) == 1


def test_flags_are_written_whole(capsys: pytest.CaptureFixture[str]) -> None:
    parser = CommandLineParser(prog="x")
    parser.add_argument("--count", type=int)
    parser.add_subparsers().add_parser("part").add_argument("--size")
    for arguments in (["--cou", "1"], ["part", "--si", "1"]):
        with pytest.raises(SystemExit):
            parser.parse_args(arguments)
    assert parser.parse_args(["--count", "1", "part"]).count == 1
    with pytest.raises(SystemExit):
        parse_compare(["a", "b", "--js"])
