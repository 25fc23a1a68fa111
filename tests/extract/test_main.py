"""`python -m extract` on good and bad input, in this process, up to where the backbone would start."""

import dataclasses
import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.cache import UserError
from headstart.extract import __main__ as command
from headstart.extract.__main__ import EXTRACT
from headstart.extract.pipeline import run as stage
from headstart.extract.settings import Settings

from .hostile import BAD_CSV_ROWS, GOOD, csv_of, made_by_hand

HARMFUL = [hostile for hostile in made_by_hand() if len(hostile.content) < 100_000]


@pytest.fixture
def run(tmp_path: Path, tiny_backbone: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """The command in a folder of its own; where cleaning would start, it is over."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "prepare_jax", lambda: None)
    monkeypatch.setattr(stage, "_complete", lambda *_: None)

    def run(*arguments: str) -> None:
        backbone = ("--backbone", str(tiny_backbone), "--max-length", "32")
        monkeypatch.setattr(sys, "argv", ["extract", *backbone, *arguments])
        command.main()

    return run


@pytest.mark.parametrize("hostile", HARMFUL, ids=lambda hostile: hostile.name)
def test_nothing_is_half_written(hostile: object, tmp_path: Path, run: Callable[..., None]) -> None:
    path = tmp_path / hostile.name
    path.write_bytes(hostile.content)
    if hostile.counts and not hostile.counts[-1]:
        run("--data", str(path))
        return
    with pytest.raises(UserError):
        run("--data", str(path))
    assert list(tmp_path.iterdir()) == [path]


def test_bad_rows_are_counted_listed_and_shown(
    tmp_path: Path, run: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row for row in BAD_CSV_ROWS.values() if len(row) < 100]
    (tmp_path / "a.csv").write_bytes(csv_of(*rows, ",1"))
    run("--data", "a.csv", "--on-bad-row", "report")
    heard = capsys.readouterr()
    said = heard.out + heard.err
    total = len(rows) + len(GOOD) + 1
    assert f"{total} rows read = 4 used + 1 rows without text left out + {len(rows)} bad" in said
    assert f"all {len(rows)} bad rows: bad-rows.jsonl" in said
    listed = [json.loads(line) for line in (tmp_path / "bad-rows.jsonl").read_text().splitlines()]
    assert [row["row"] for row in listed] == list(range(3, 3 + len(rows)))
    assert all(line in said for line in [f"data row {listed[0]['row']} ", listed[0]["reason"]])


def test_several_files_name_the_cache(
    tmp_path: Path, run: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_bytes(csv_of())
    run("--data", "one.csv", "two.csv")
    run("--data", "*.csv")
    found = [line for line in capsys.readouterr().out.splitlines() if line.startswith("cache: ")]
    assert "/one+two-tiny-" in found[0]
    assert found[0].rpartition("-")[2] == found[1].rpartition("-")[2]  # the same rows have the same key


def test_places_and_previews_as_json(
    tmp_path: Path, run: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_bytes(csv_of(*(f"you are {word},1" for word in "abcdefghij")))
    run("--data", "a.csv", "--where", "--json")
    place = json.loads(capsys.readouterr().out)
    assert place["path"].endswith(place["key"][:10])
    run("--data", "a.csv", "--preview", "1", "--json")
    preview = json.loads(capsys.readouterr().out)
    assert preview["path"] == place["path"]
    assert [line.strip().split(" ")[0] for line in preview["lines"][-3:]] == ["raw", "cleaned", "tokens"]


def test_a_quiet_one_says_where_the_cache_is(
    tmp_path: Path, run: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_bytes(csv_of())
    run("--data", "a.csv", "-q")
    heard = capsys.readouterr()
    assert heard.out.startswith("cache: features/a-tiny-")
    assert (heard.out.count("\n"), heard.err) == (1, "")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--data", "a.csv"],
        ["--data", "a b.csv", "c.csv", "--on-bad-row", "skip"],
        ["--data", "*.csv", "--encoding", "cp1252", "--label-separator", "|"],
        ["--data", "-", "--on-bad-row", "report", "--bad-rows", "x y.jsonl"],
    ],
)
def test_a_command_gives_its_settings_again(arguments: list[str]) -> None:
    made: Settings = EXTRACT.parse(arguments)[0]
    again = EXTRACT.parse(shlex.split(made.command)[3:])[0]
    assert dataclasses.asdict(again) == dataclasses.asdict(made)
