"""The command line of predict.py, and the files that it names."""

import os
from pathlib import Path

import pytest

from headstart.cache import UserError
from headstart.extract.predict.options import (
    ExportSettings,
    LabelSettings,
    checked,
    command_lines,
    files_of,
    is_among,
    keep_of,
    require_explained,
    stamp,
)

RUN = ["--run", "results/a"]


def parse_arguments(arguments: list[str], about: str) -> LabelSettings:
    """What the command makes of a command line."""
    return checked(command_lines(about)[""].parse(arguments)[0])


def parse_export(arguments: list[str]) -> ExportSettings:
    settings: ExportSettings = command_lines("")["export"].parse(arguments)[0]
    return settings


def test_defaults_are_filled_in_once_the_arguments_are_sound() -> None:
    options = parse_arguments([*RUN, "a text"], "what it does")
    assert (options.texts, options.head, options.format, options.on_bad_row) == (
        ["a text"],
        "best",
        "csv",
        "error",
    )
    options = parse_arguments([*RUN, "--input", "-", "--format", "jsonl", "--on-bad-row", "skip"], "")
    assert (options.texts, options.format, options.on_bad_row) == ([], "jsonl", "skip")
    assert parse_arguments([*RUN, "--json", "a text"], "").format == "jsonl"


def test_formulas_are_escaped_where_spreadsheets_run_them(tmp_path: Path) -> None:
    flags = [*RUN, "--input", "a.csv", "--escape-formulas"]
    for more in ([], ["--output", str(tmp_path / "a.tsv")], ["--output", "-", "--format", "csv"]):
        assert parse_arguments([*flags, *more], "").escape_formulas
    for more in (["--format", "jsonl"], ["--output", str(tmp_path / "a.parquet")]):
        with pytest.raises(UserError, match=r"is of \.csv and \.tsv"):
            parse_arguments([*flags, *more], "")
    with pytest.raises(UserError, match="--flag-texts goes with --input"):
        parse_arguments([*RUN, "--flag-texts", "a text"], "")


def test_columns_to_keep() -> None:
    assert keep_of(parse_arguments([*RUN, "--input", "a.csv", "--keep", "a, b,,"], "")) == ("a", "b")
    assert keep_of(parse_arguments([*RUN, "a text"], "")) == ()


def test_the_exports_arguments() -> None:
    options = parse_export(["results/a", "folder"])
    assert (options.run, options.out, options.head, options.arithmetic) == (
        "results/a",
        "folder",
        "best",
        "float32",
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "give either texts or --input FILE"),
        (["a", "--input", "b.csv"], "give either texts or --input FILE"),
        (["a", "--output", "b.csv"], "--output goes with --input"),
        (["a", "--text-column", "b"], "--text-column goes with --input"),
        (
            ["--input", "-", "--lines", "--text-column", "b"],
            "--lines goes with --input -, and without --text-column",
        ),
        (["a", "--threshold", "1"], "--threshold 1.0 is not at least 0 and below 1"),
        (["a", "--json", "--explain"], "leave out --explain"),
        (["--input", "a.csv", "--json", "--output", "b.jsonl"], "leave out --output"),
        (["--input", "a.csv", "--json", "--format", "csv"], "leave out --format csv"),
        (["--input", "a.csv", "--json", "--escape-formulas"], "--escape-formulas is of .csv and .tsv"),
        (["a", "--explain", "--html", "no/where.html"], "--html no/where.html: there is no folder no"),
    ],
)
def test_arguments_that_do_not_go_together(arguments: list[str], says: str) -> None:
    with pytest.raises(UserError, match=says):
        parse_arguments([*RUN, *arguments], "")


def test_the_output_is_no_part_of_the_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").touch()
    Path("folder.csv").mkdir()
    os.link("a.csv", "b.csv")
    for output, says in (("b.csv", "is part of the input"), ("folder.csv", "is a folder; name a file")):
        with pytest.raises(UserError, match=says):
            parse_arguments([*RUN, "--input", "a.csv", "--output", output], "")


def test_only_heads_whose_score_splits_can_be_explained() -> None:
    require_explained("avg", ["cls", "avg"])
    with pytest.raises(UserError, match="'gru' does not split over tokens; --explain works for cls, avg"):
        require_explained("gru", ["cls", "avg"])


def test_files_of_names_and_patterns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("b.csv", "a.csv", "[a].csv", "c.txt"):
        Path(name).write_text(name)
    Path("d.csv").mkdir()
    assert files_of("*.csv") == ["[a].csv", "a.csv", "b.csv"]
    assert files_of("[a].csv") == ["[a].csv"]  # a name before it is a pattern
    assert files_of("-") == []
    assert is_among("./a.csv", files_of("*.csv"))
    assert not is_among("c.txt", files_of("*.csv"))


def test_a_stamp_changes_with_the_files(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    assert stamp(str(path)) is None
    path.write_text("text\n")
    first = stamp(str(path))
    assert first == [(str(path), 5, path.stat().st_mtime_ns)]
    path.write_text("longer text\n")
    assert stamp(str(path)) != first
