"""Options in fields of a dataclass: flags, types, defaults, help, mistakes."""

import argparse
import dataclasses
from typing import Literal

import pytest

from headstart.cache.runtime.command_line import CommandLine
from headstart.cache.runtime.options import arguments_of, number, one_of, option, words_of


@dataclasses.dataclass(frozen=True, kw_only=True)
class BreadSettings:
    """What is baked."""

    flour: Literal["rye", "wheat"] = option("rye", "what it is made of")
    loaves: int | None = option(None, "how many (default: as many as fit)", parse=number(1), metavar="N")
    salt: float = option(0.02, "share of the flour")
    seeds: str | tuple[str, ...] = option("none", "strewn on top", nargs="+", group="on top")
    no_crust: bool = option(False, "cut it off", group="on top")
    cover: bool | None = option(None, "cloth on it", short="-c")
    name: str = option(dataclasses.MISSING, "what it is called (default: none)")
    shops: list[str] = option(None, "where it goes", positional=True, nargs="*", metavar="SHOP")


BREAD = CommandLine("bake", "Bake bread.", (BreadSettings,), examples=("bake --name a",))


def test_a_field_says_flag_type_choices_and_default() -> None:
    fields = {argument.name: argument for argument in arguments_of(BreadSettings)}
    assert [fields[name].kind for name in fields] == [str, int, float, str, bool, bool, str, str]
    assert (fields["flour"].flag, fields["flour"].choices) == ("--flour", ("rye", "wheat"))
    assert (fields["no_crust"].flag, fields["no_crust"].unset) == ("--no-crust", "--crust")
    assert (fields["cover"].unset, fields["cover"].default) == ("--no-cover", None)
    assert [name for name in fields if fields[name].required] == ["name"]
    places = [
        fields["shops"]._replace(about=fields["shops"].about._replace(nargs=n)) for n in ("+", "?", None)
    ]
    shown = [argument.placeholder for argument in (fields["shops"], *places)]
    assert shown == ["[SHOP ...]", "SHOP ...", "[SHOP]", "SHOP"]


@pytest.mark.parametrize(
    ("arguments", "changes"),
    [
        ([], {}),
        (["--flour", "wheat", "--loaves", "3"], {"flour": "wheat", "loaves": 3}),
        (["--salt=1e-3", "--no-crust", "-c"], {"salt": 0.001, "no_crust": True, "cover": True}),
        (["--seeds", "poppy"], {"seeds": "poppy"}),
        (["north", "--seeds", "poppy", "sesame"], {"seeds": ("poppy", "sesame"), "shops": ["north"]}),
    ],
)
def test_a_command_line_fills_the_class(arguments: list[str], changes: dict[str, object]) -> None:
    (bread,) = BREAD.parse([*arguments, "--name", "a"])
    assert bread == dataclasses.replace(BreadSettings(name="a", shops=[]), **changes)


def test_the_help_lists_every_option_in_its_group_with_its_default() -> None:
    shown = BREAD.parser().format_help()
    assert shown.startswith("usage: bake [OPTIONS] [SHOP ...]\n\nBake bread.\n")
    common, on_top = shown.split("\non top:\n")
    assert "  --flour {rye,wheat} " in common
    assert "what it is made of (default: rye)" in common
    assert "--loaves N" in common
    assert "cloth on it (default: off)" in common
    assert "strewn on top (default: none)" in on_top
    assert on_top.endswith("\nexamples:\n  bake --name a\n")


@pytest.mark.parametrize(("text", "says"), [("0", "0 is not above 0"), ("1.5", "'1.5' is no whole number")])
def test_numbers_have_a_least_value(text: str, says: str) -> None:
    assert number(1)("7") == 7
    with pytest.raises(argparse.ArgumentTypeError, match=says):
        number(1)(text)


def test_numbers_can_have_a_largest_value() -> None:
    assert [number(0, 9)(text) for text in ("0", "9")] == [0, 9]
    for text in ("-1", "10"):
        with pytest.raises(argparse.ArgumentTypeError, match=f"{text} is not from 0 to 9"):
            number(0, 9)(text)


def test_one_of_some_words() -> None:
    parse = one_of(("float16", "float32"))
    assert parse("float32") == "float32"
    for text in ("", "Float32", "float"):
        with pytest.raises(
            argparse.ArgumentTypeError, match=f"invalid choice: '{text}'; .*choose from float16, "
        ):
            parse(text)
    with pytest.raises(argparse.ArgumentTypeError, match="did you mean 'float16'"):
        parse("flaot16")


def test_what_has_to_be_written_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        BREAD.parse([])
    assert end.value.code == 2
    assert "bake: error: the following arguments are required: --name" in capsys.readouterr().err


@dataclasses.dataclass(frozen=True)
class LampSettings:
    """How it shines."""

    watts: int = option(40, "how bright", parse=number(0))
    name: str = option("desk", "which")
    place: str | None = option(None, "where")
    dimmed: bool = option(False, "less")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (LampSettings(), []),
        (LampSettings(watts=0, dimmed=True), ["--watts", "0", "--dimmed"]),
        (LampSettings(name="it's", place="-x y"), ["--name", "it's", "--place=-x y"]),
    ],
)
def test_the_words_of_settings_give_them_back(settings: LampSettings, words: list[str]) -> None:
    line = CommandLine("lamp", "", (LampSettings,))
    assert words_of(settings) == words
    assert line.parse(words) == [settings]
    changed = dataclasses.replace(settings, watts=7, dimmed=False)
    assert line.parse(words_of(settings, watts=7, dimmed=False)) == [changed]
    assert "--place" not in " ".join(words_of(settings, place=None))
