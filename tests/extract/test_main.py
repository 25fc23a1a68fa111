"""`python -m extract` on good and bad input, in this process, up to where the backbone would start."""

import dataclasses
import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.cache import UserError
from headstart.cache.writer import CacheWriter
from headstart.extract import __main__ as command
from headstart.extract.__main__ import EXTRACT
from headstart.extract.pipeline import run as stage
from headstart.extract.settings import Settings

from ..cache.conftest import RECIPE, manifest_of, random_block
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


def test_a_worker_says_where_its_cache_lies(
    tmp_path: Path, run: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(f"row {row},{row % 2}\n" for row in range(20)))
    places = []
    for worker in (["--worker", "1/4"], ["--worker", "0/1"], []):
        run("--data", "a.csv", "--split-rule", "stable", "--where", *worker)
        places.append(capsys.readouterr().out)
    assert places[0] == places[1] != places[2]


@pytest.mark.parametrize("worker", ["", " ", "1", "2/2"])
def test_a_worker_without_a_number_does_not_compute_all(
    worker: str, tmp_path: Path, run: Callable[..., None]
) -> None:
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(f"row {row},{row % 2}\n" for row in range(20)))
    with pytest.raises(UserError, match=f"--worker '?{worker}"):
        run("--data", "a.csv", "--split-rule", "stable", f"--worker={worker}")


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


def cache_made_by(folder: Path, command: str) -> str:
    """A cache whose manifest names a command: it may be anyone's."""
    writer = CacheWriter(str(folder / "received"), RECIPE)
    writer.begin()
    splits = {"train": [writer.write_block("train", 0, 0, random_block(2, 0))]}
    writer.finish(dataclasses.replace(manifest_of(RECIPE, splits), source={"command": command}))
    return str(folder / "received")


@pytest.mark.parametrize(
    ("command", "arguments", "fields"),
    [
        ("python -m extract --data a.csv --max-length 32", [], {"data": "a.csv", "max_length": 32}),
        ("headstart extract --data a.csv b.csv --stratify --class-names=-1,0", ["--limit", "5"],
            {"data": ("a.csv", "b.csv"), "stratify": True, "class_names": "-1,0", "limit": 5}),
        ("python -m extract --data a.csv --seed 7", ["--seed", "8", "--data", "b.csv"], {"data": "b.csv", "seed": 8}),
        ("python -m extract --data a.csv --stratify", ["--no-stratify"], {"data": "a.csv"}),
        ("python -m extract --data sample", ["--data", "a.csv"], {"data": "a.csv", "backbone": "minilm"}),
        ("python -m extract --data a.csv --backbone bert/x", ["--backbone", "b"], {"data": "a.csv", "backbone": "b"}),
        ("python -m extract --data a.csv --backbone tiny", [], {"data": "a.csv", "backbone": "tiny"}),
        ("python -m extract --data a.csv --cache-dir /tmp/x --bad-rows ../y --where --preview 3", [], None),
        ("python -m extract --data a.csv --cache-dir /tmp/x --bad-rows ../y --coordinator evil:1 --process-id 3", [],
            {"data": "a.csv"}),
    ],
)  # fmt: skip
def test_options_of_an_earlier_cache_are_taken_over(
    command: str, arguments: list[str], fields: dict[str, object] | None,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    for name in ("a.csv", "b.csv"):
        Path(name).touch()
    Path("tiny").mkdir()
    like = cache_made_by(tmp_path, command)
    if fields is None:  # what to say is no option of a cache
        with pytest.raises(SystemExit):
            EXTRACT.parse(["--like", like])
        assert f"error: {like}: unrecognized arguments: --where --preview 3" in capsys.readouterr().err
        return
    assert EXTRACT.parse(["--like", like, *arguments])[0] == Settings(**fields)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("--data a.csv --backbone someone/model", "--backbone someone/model, which is not here"),
        ("--data hf:someone/data", "--data hf:someone/data, which is not here, and --like downloads nothing"),
        ("--data a.csv --test-data s3://bucket/x.csv", "--test-data s3://bucket/x.csv, which is not here"),
        ("--data a.csv gone.csv", "--data gone.csv, which is not here"),
        ("--data -", "--data -, which is not here"),
    ],
)
def test_a_received_cache_has_nothing_downloaded(
    command: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").touch()
    with pytest.raises(UserError, match=says):
        EXTRACT.parse(["--like", cache_made_by(tmp_path, f"python -m extract {command}")])


@pytest.mark.parametrize(
    "command", ["--help", "-h", "--config x.toml", "--like y", "--seed many", "--layout wide"]
)
def test_a_received_command_is_only_read(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    like = cache_made_by(tmp_path, f"python -m extract {command}")
    with pytest.raises(SystemExit) as end:
        EXTRACT.parse(["--like", like])
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith(f"python -m extract: error: {like}: ")
