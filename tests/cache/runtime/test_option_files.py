"""Options out of files: TOML, and an earlier run."""

import dataclasses
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Literal

import pytest

from headstart.cache import UserError
from headstart.cache.runtime.command_line import CommandLine
from headstart.cache.runtime.option_files import LikeSettings, flags_of
from headstart.cache.runtime.options import number, option

EARLIER = {"crust": "soft", "loaves": 9, "seeds": ["poppy"], "steam": True}


@dataclasses.dataclass(frozen=True, kw_only=True)
class OvenSettings:
    """How it is baked."""

    crust: Literal["soft", "hard"] = option("soft", "of the bread")
    loaves: int = option(1, "how many", parse=number(1))
    oven_heat: float = option(220.0, "degrees")
    seeds: str | tuple[str, ...] = option("none", "strewn on top", nargs="+")
    spices: str | None = option(None, "a,b,c: in the dough (default: none)")
    steam: bool = option(False, "wet")
    no_lid: bool = option(False, "cut it off")
    baker: str = option(dataclasses.MISSING, "who (default: none)")
    shops: list[str] = option(None, "where it goes", positional=True, nargs="*", metavar="SHOP")


def like(place: str, chosen: Collection[str]) -> dict[str, Any]:
    if place == "nowhere":
        raise UserError("there is no bread there")
    return {**EARLIER, "spices": ",".join(sorted(chosen))}


LINE = CommandLine("bake", "Bake.", (OvenSettings, LikeSettings), like=like)
Bake = Callable[..., OvenSettings]


@pytest.fixture
def bake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bake:
    """Parses a command line beside a file `oven.toml` of this content."""
    monkeypatch.chdir(tmp_path)

    def parse(content: str, *arguments: str) -> OvenSettings:
        Path("oven.toml").write_text(content)
        settings: OvenSettings = LINE.parse(["--baker", "me", *arguments])[0]
        return settings

    return parse


@pytest.mark.parametrize(
    ("content", "changes"),
    [
        ("", {}),
        ("oven-heat = 180\nloaves = 3", {"oven_heat": 180.0, "loaves": 3}),
        ("oven_heat = 1.5e2\ncrust = 'hard'", {"oven_heat": 150.0, "crust": "hard"}),
        (
            "seeds = ['poppy', 'a b']\nspices = ['-1', 0, 'x']",
            {"seeds": ("poppy", "a b"), "spices": "-1,0,x"},
        ),
        ("seeds = 'poppy'\nspices = '--steam'", {"seeds": "poppy", "spices": "--steam"}),
        ("steam = true\nno-lid = true\nbaker = 'they'", {"steam": True, "no_lid": True}),
        ("steam = false\nno_lid = false", {}),
    ],
)
def test_a_file_means_what_the_command_line_means(content: str, changes: dict[str, Any], bake: Bake) -> None:
    expected = dataclasses.replace(OvenSettings(baker="me", shops=["north"]), **changes)
    assert bake(content, "north", "--config", "oven.toml") == expected


@pytest.mark.parametrize(
    ("arguments", "changes"),
    [
        (["--loaves", "5"], {"loaves": 5, "steam": True, "no_lid": True}),
        (["--no-steam", "--crust", "soft"], {"loaves": 3, "steam": False, "no_lid": True}),
        (["--no-steam"], {"loaves": 3, "no_lid": True}),
    ],
)
def test_the_command_line_counts_more(arguments: list[str], changes: dict[str, Any], bake: Bake) -> None:
    baked = bake("loaves = 3\nsteam = true\nno-lid = true", "--config", "oven.toml", *arguments)
    assert baked == dataclasses.replace(OvenSettings(baker="me", shops=[]), **changes)


def test_what_has_to_be_written_may_stand_in_the_file(bake: Bake) -> None:
    bake("baker = 'they'")
    assert LINE.parse(["--config", "oven.toml"])[0].baker == "they"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            "loavse = 3",
            r"oven.toml: there is no option 'loavse'; did you mean 'loaves'\? options: crust, loaves",
        ),
        ("shops = ['x']", "there is no option 'shops'"),
        ("config = 'other.toml'", "there is no option 'config'"),
        ("[oven]\nloaves = 3", "there is no option 'oven'"),
        ("oven-heat = 1\noven_heat = 1", "holds the option oven_heat twice"),
        ("loaves = ", "oven.toml is not TOML: "),
        ("steam = 'yes'", "oven.toml: steam is 'yes'; it has to be true or false"),
        ("loaves = true", "oven.toml: loaves is True; it has to be text, a number, or a list of them"),
        ("spices = 2026-11-28", "spices is a date; it has to be text"),
        ("seeds = [['a']]", "seeds is a list; it has to be text"),
        ('spices = "a\\u0000b"', r"spices is 'a\\x00b'; it has to be text"),
        ('seeds = ["a", "\\u0000"]', "seeds is a list; it has to be text"),
        ("loaves = 0x" + "f" * 6000, "loaves is a number of thousands of digits; it has to be text"),
        ("seeds = ['a', 0x" + "f" * 6000 + "]", "seeds is a list; it has to be text"),
        ("spices = 1" + "0" * 120, r"spices is 10*\.\.\.; it has to be text"),
    ],
)
def test_a_mistake_in_a_file_is_one_message(content: str, says: str, bake: Bake) -> None:
    with pytest.raises(UserError, match=says) as error:
        bake(content, "--config", "oven.toml")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("loaves = 0", "bake: error: oven.toml: argument --loaves: 0 is not above 0"),
        ("loaves = 1.5", "bake: error: oven.toml: argument --loaves: '1.5' is no whole number"),
        ("crust = 'sotf'", "argument --crust: invalid choice: 'sotf'; did you mean 'soft'?"),
        ("seeds = []", "bake: error: oven.toml: argument --seeds: expected at least one argument"),
    ],
)
def test_a_value_is_proved_as_the_command_lines_are(
    content: str, says: str, bake: Bake, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        bake(content, "--config", "oven.toml")
    assert end.value.code == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    "make", [lambda path: None, Path.mkdir, lambda path: path.write_bytes(b"a = '\xff'")]
)
def test_a_file_that_is_none_is_said(make: Callable[[Path], Any], bake: Bake) -> None:
    make(Path("other.toml"))
    with pytest.raises(UserError, match=r"other.toml (cannot be read|is no file|is not TOML)"):
        bake("", "--config", "other.toml")


def test_an_earlier_run_counts_least(bake: Bake) -> None:
    same = {"seeds": "poppy", "steam": True, "loaves": 9}
    known = OvenSettings(baker="me", shops=[], **same)
    assert bake("", "--like", "there") == dataclasses.replace(known, spices="baker,like,shops")
    mixed = bake("loaves = 4\nsteam = false", "--like", "there", "--config", "oven.toml", "--seeds", "rye")
    spices = "baker,config,like,loaves,seeds,shops,steam"
    assert mixed == OvenSettings(baker="me", shops=[], loaves=4, seeds="rye", spices=spices)
    with pytest.raises(UserError, match="there is no bread there"):
        bake("", "--like", "nowhere")


@pytest.mark.parametrize(
    ("command", "flags"),
    [
        ("python -m extract --data 'a b.csv'", ["--data", "a b.csv"]),
        ("headstart extract --data a.csv --where", ["--data", "a.csv", "--where"]),
        ("--data -", ["--data", "-"]),
        ("python -m extract", []),
        ("extract --data 'no end", []),
        ("", []),
        ("extract " + "--where " * 100_000, []),
        ("extract --data " + "a.csv " * 1000, ["--data", *["a.csv"] * 1000]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_flags_of_a_command(command: str, flags: list[str]) -> None:
    assert flags_of(command) == flags
