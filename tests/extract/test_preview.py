"""`python -m extract --preview N`: what a run would read, and nothing else."""

import csv
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cleantext import clean as library

from headstart.cache import UserError
from headstart.cache.task import Task
from headstart.extract import __main__ as command
from headstart.extract.preview import described_label
from headstart.extract.settings import Settings

ROOT = Path(__file__).parent.parent.parent
Run = Callable[..., list[str]]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, tiny_backbone: Path
) -> Run:
    """Run the command on a file of 60 rows, the first ones given, in a folder of its own."""

    def main(texts: list[str], *arguments: object, rows: int = 60) -> list[str]:
        texts = texts + [f"good page {row}" for row in range(rows - len(texts))]
        with (tmp_path / "data.csv").open("w", newline="") as file:
            table = [(text, "ab"[row % 2]) for row, text in enumerate(texts)]
            csv.writer(file).writerows([("text", "label"), *table])
        line = ["extract", "--data", "data.csv", "--backbone", str(tiny_backbone), "--max-length", "8"]
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", [*line, *map(str, arguments)])
        command.main()
        return capsys.readouterr().out.splitlines()

    return main


def test_rows_are_shown_raw_cleaned_and_as_tokens(run: Run, tmp_path: Path) -> None:
    texts = ["You are\nKIND!", "the soup is very very very good and the page is not", "rude 'idiots'?"]
    found = run(texts, "--preview", 3)
    assert found[:2] == [
        "data.csv: 60 rows (all used), text 'text', label 'label', binary (a: 30, b: 30)",
        "splits: train 48, valid 6, test 6",
    ]
    assert len(found) == 2 + 3 * 5
    for row, text in enumerate(texts):
        head, raw, cleaned = found[3 + 5 * row : 6 + 5 * row]
        assert head.startswith(f"data row {row + 1}  {'ab'[row % 2]}  ")
        assert raw == "  raw      " + text.replace("\n", "\\n")
        assert cleaned == "  cleaned  " + library(text, no_line_breaks=True, no_urls=True, no_punct=True)
    assert found[6] == "  tokens   [CLS] you are kind [SEP]  (5 tokens)"
    assert found[11] == "  tokens   [CLS] the soup is very very very [SEP]  (8 tokens, cut from 14)"
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]  # nothing was written


@pytest.mark.parametrize("text", ["schön grün", "这部电影 2 小时", "Плохой фильм"])
def test_lost_letters_are_said(run: Run, text: str) -> None:
    """Of all rows, not only of those that are shown."""
    texts = ["a café is good, and so is the soup, they say", "good page", text, text]
    (line,) = [line for line in run(texts, "--preview", 1) if "letters" in line]
    assert line.startswith("2 of 60 rows lost more than a tenth of their letters to cleaning")
    assert "`--clean none`" in line
    (line,) = [line for line in run(texts[:2], "--preview", 1) if "letters" in line]
    assert line.startswith("1 of 60 rows hold letters outside ASCII, which cleaning rewrites")
    assert not any("letters" in line for line in run(texts[1:2], "--preview", 1))
    assert not any("letters" in line for line in run(texts, "--preview", 1, "--clean", "none"))


def test_another_cleaning_is_shown(run: Run, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("lower = false\n")
    assert run(["You are KIND!"], "--preview", 1, "--clean", "own.toml")[5] == "  cleaned  You are KIND!"
    assert run(["You  are KIND!"], "--preview", 1, "--clean", "none")[5] == "  cleaned  You  are KIND!"
    with pytest.raises(UserError, match="did you mean 'none'"):
        run(["a b"], "--preview", 1, "--clean", "non")


def test_long_texts_and_tokens_are_cut_and_control_characters_escaped(run: Run) -> None:
    found = run(["\x1b[31mgood " + "page " * 300], "--preview", 1, "--max-length", 64, "--clean", "none")
    assert found[4].startswith("  raw      \\x1b[31mgood page page")
    assert found[4].endswith("... (1,110 more characters)")
    assert found[6].endswith("page page ...  (64 tokens, cut from 304)")


def test_more_rows_than_there_are(run: Run) -> None:
    assert len([line for line in run(["a b"], "--preview", 99) if line.startswith("data row")]) == 60


def test_a_class_that_a_split_lacks_is_warned_of(run: Run) -> None:
    warning = "warning: class 'b' has 12 rows, none of them in valid; deal with --stratify"
    assert run(["a b"], "--preview", 1, rows=24)[2] == warning
    assert not any("warning" in line for line in run(["a b"], "--preview", 1, "--stratify", rows=24))


def test_labels_of_which_a_row_can_have_several() -> None:
    task = Task("multilabel", ("a", "b\x1b", "c"))
    assert described_label(task, np.array([1, 1, 0], np.int32)) == "a, b\\x1b"
    assert described_label(task, np.array([0, 0, 0], np.int32)) == "(no label)"


LIGHT = """
import sys
from headstart.extract.__main__ import main
sys.argv[0] = "extract"
main()
assert not {"jax", "flax"} & set(sys.modules), "loaded what it does not need"
"""


def test_neither_jax_nor_the_backbone_is_loaded(settings: Settings, tmp_path: Path) -> None:
    flags = [
        "--data",
        settings.data,
        "--backbone",
        settings.backbone or "",
        "--max-length",
        "32",
        "--preview",
        "2",
    ]
    found = subprocess.run(
        [sys.executable, "-c", LIGHT, *flags, "--cache-dir", str(tmp_path / "features")],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    *phases, about, command = found.stderr.splitlines()
    assert (found.returncode, [line.endswith(" ...") for line in phases]) == (0, [True] * len(phases))
    assert about == "next: run the encoder over these rows:"
    assert shlex.split(command)[:5] == ["python", "-m", "extract", "--data", settings.data]
    assert found.stdout.count("  tokens   [CLS]") == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["\x1b]0;t\x07", "turned\u202eback", "two\nlines"])
def test_names_of_files_columns_and_classes_are_shown_as_text(name: str, run: Run, tmp_path: Path) -> None:
    file = tmp_path / f"{name}.csv"
    with file.open("w", newline="") as opened:
        rows = [("a good page", ("x", name)[row % 12 == 0]) for row in range(24)]
        csv.writer(opened).writerows([("text", name), *rows])
    flags = ("--data", file.name, "--cache-dir", name)
    lines = [*run([], *flags, "--preview", 1), *run([], *flags, "--where")]
    assert all(line.isprintable() for line in lines)
    assert len([line for line in lines if line.startswith("data row")]) == 1
