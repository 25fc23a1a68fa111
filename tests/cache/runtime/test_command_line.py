"""Mistakes on the command line."""

import dataclasses
import re

import pytest

from headstart.cache import UserError
from headstart.cache.runtime.command_line import CommandLine, CommandLineParser, choose
from headstart.cache.runtime.options import number, option
from headstart.train.options import command_lines


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
        command_lines((), (), "")["compare"].parse(["a", "b", "--js"])


@dataclasses.dataclass(frozen=True)
class KettleSettings:
    """How it boils."""

    litres: int = option(1, "how much", parse=number(1))


KETTLE = {
    name: CommandLine(f"kettle {name}", about, (KettleSettings,), {"litres": {"help": about, "default": 2}})
    for name, about in (("boil", "make hot"), ("tea green", "brew"), ("tea black", "brew longer"))
}
MIXED = {"": CommandLine("kettle", "all of it", (KettleSettings,)), **KETTLE}


def test_two_commands_can_share_a_class_with_another_default_and_help() -> None:
    assert (MIXED[""].parse([])[0].litres, MIXED["boil"].parse([])[0].litres) == (1, 2)
    assert "make hot (default: 2)" in MIXED["boil"].parser().format_help()


@pytest.mark.parametrize(
    ("arguments", "name", "rest"),
    [
        (["boil", "--litres", "2"], "boil", ["--litres", "2"]),
        (["tea", "black"], "tea black", []),
        (["--litres", "2"], "", ["--litres", "2"]),
        ([], "", []),
        (["whistle"], "", ["whistle"]),
    ],
)
def test_the_first_words_choose_the_command(arguments: list[str], name: str, rest: list[str]) -> None:
    assert choose("kettle", "", MIXED, arguments) == (name, rest)


@pytest.mark.parametrize(
    ("lines", "arguments", "says"),
    [
        (
            MIXED,
            ["tea", "blak"],
            "there is no command 'tea blak'; did you mean 'tea black'? commands: boil, ",
        ),
        (KETTLE, ["bol"], "there is no command 'bol'; did you mean 'boil'? commands: boil, tea green"),
        (KETTLE, ["whistle"], "there is no command 'whistle'; commands: boil"),
        (KETTLE, [], "a command is missing; commands: boil, tea green, tea black"),
    ],
)
def test_an_unknown_command_is_a_question(
    lines: dict[str, CommandLine], arguments: list[str], says: str
) -> None:
    with pytest.raises(UserError, match=re.escape(says)):
        choose("kettle", "", lines, arguments)


@pytest.mark.parametrize(("lines", "shows"), [(KETTLE, "  boil       make hot\n"), (MIXED, "all of it\n")])
def test_a_command_without_arguments_shows_how_to_begin_and_starts_nothing(
    lines: dict[str, CommandLine], shows: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        choose("kettle", "", lines, [], lambda: ("make tea", ["kettle", "tea", "black", "my cup"]))
    assert end.value.code == 2
    out, err = capsys.readouterr()
    assert (out, err.startswith("usage: kettle"), shows in err) == ("", True, True)
    assert err.endswith("next: make tea:\n  kettle tea black 'my cup'\n")
    assert choose("kettle", "", lines, ["boil"], lambda: pytest.fail("not asked for")) == ("boil", [])


@dataclasses.dataclass(frozen=True)
class CupSettings:
    """What goes in."""

    leaves: str = option("green", "names, separated by commas", listed=True)
    sugar: str = option("none", "which", group="advanced")
    milk: bool = option(False, "with milk", group="splits")


CUP = CommandLine("cup", "fill it", (CupSettings,))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["--leaves", "green", "black"],
            "unrecognized arguments: black; did you mean '--leaves green,black'? ",
        ),
        (
            ["--leaves", "green,", "black", "--milk"],
            "arguments: black; did you mean '--leaves green,black'? ",
        ),
        (["--milk", "--leaves=a", "b", "c"], "arguments: b c; did you mean '--leaves a,b,c'? "),
        (["--sugar", "a", "b"], "unrecognized arguments: b; --help"),
        (["b", "--leaves", "a"], "unrecognized arguments: b; --help"),
        (["--Milk"], "unrecognized arguments: --Milk; did you mean '--milk'? "),
    ],
)
def test_a_blank_in_a_list_is_asked_about(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        CUP.parse(arguments)
    assert says in capsys.readouterr().err


def test_the_usual_options_come_first_in_the_help() -> None:
    text = CUP.parser().format_help()
    places = [
        text.index(word) for word in ("common:", "--leaves", "splits:", "--milk", "advanced:", "--sugar")
    ]
    assert places == sorted(places)


def test_the_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    for lines, arguments in ((KETTLE, ["--help"]), (KETTLE, ["-h"]), (MIXED, ["tea", "--help"])):
        with pytest.raises(SystemExit) as end:
            choose("kettle", "Heat water.", lines, arguments)
        assert not end.value.code
        shown = capsys.readouterr().out
        assert shown.startswith("usage: kettle COMMAND [OPTIONS]\n\nHeat water.\n\n  boil       make hot\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--liters", "3"], "unrecognized arguments: --liters 3; did you mean '--litres'? --help shows"),
        (["--litre=3"], "unrecognized arguments: --litre=3; did you mean '--litres'? --help shows"),
        (["--steam"], "unrecognized arguments: --steam; --help shows what there is"),
        (["litres"], "unrecognized arguments: litres; --help shows what there is"),
        (["--litres", "many"], "argument --litres: 'many' is no whole number; --help shows what there is"),
    ],
)
def test_a_mistake_is_one_line_and_a_question(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        MIXED[""].parse(arguments)
    assert end.value.code == 2
    heard = capsys.readouterr()
    assert heard.err.startswith(f"kettle: error: {says}")
    assert (heard.out, heard.err.count("\n")) == ("", 1)


def test_a_misspelt_command_is_no_argument() -> None:
    for word, name in (("boill", "boil"), ("tea-green", "tea green")):
        with pytest.raises(UserError, match=f"there is no command '{word}'; did you mean '{name}'"):
            choose("kettle", "", MIXED, [word])
