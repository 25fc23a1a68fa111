"""The matrix: what is oldest, what is skipped, done again or red. No environment is made."""

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.matrix import run
from tests.matrix.run import GREEN, LACKING, RED, Result, is_done, lowest, main, table
from tests.structure import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_core_names_tests_that_are_there() -> None:
    lines = (ROOT / run.CORE).read_text().split()
    assert lines
    assert [line for line in lines if not (ROOT / line.split("::")[0]).exists()] == []


def test_oldest_is_the_lower_bound_of_every_dependency() -> None:
    assert lowest(["a>=1.2", "b-c[x]>=3,<5", "d >= 0.1.2 ; python_version > '3'", "e>1"]) == [
        "a==1.2",
        "b-c==3",
        "d==0.1.2",
    ]
    assert len(lowest(PROJECT["dependencies"])) == len(PROJECT["dependencies"])


def test_every_upper_bound_has_its_reason_beside_it() -> None:
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    capped = [
        line
        for line in lines
        if line.startswith(("    ", "hub", "mlflow", "wandb", "tensor")) and "<" in line
    ]
    assert [line for line in capped if "#" not in line] == []


def test_the_tools_are_in_the_extra() -> None:
    assert len(run.tools(PROJECT)) == len(run.TOOLS)


@pytest.mark.parametrize(
    ("result", "done"),
    [
        (Result("1a", GREEN, ""), True),
        (Result("1a", LACKING, ""), True),
        (Result("1a", RED, ""), False),
        (Result("2b", GREEN, ""), False),
        (None, False),
    ],
)
def test_what_is_done_for_a_commit(result: Result | None, done: bool) -> None:
    assert is_done(result, "1a") == done
    assert not is_done(result, "1a-dirty")


@pytest.fixture
def matrix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Result]:
    """Cells that were tried, by a matrix that has Python 3.12 only and makes nothing."""
    tried: dict[str, Result] = {}

    def try_cell(python: str, cell: str, commit: str) -> Result:
        state = {"3.12-newest": RED, "3.12-oldest": LACKING}.get(cell, GREEN)
        tried[cell] = Result(commit, state, f"tried with {python}", 7, {"jax": "0.10.2"})
        return tried[cell]

    monkeypatch.setattr(run, "FOLDER", tmp_path)
    monkeypatch.setattr(run, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(run, "commit_of_checkout", lambda: "1a")
    monkeypatch.setattr(run, "interpreter", lambda minor: minor if minor == "3.12" else None)
    monkeypatch.setattr(run, "try_cell", try_cell)
    return tried


def test_cells_are_tried_skipped_and_shown(
    matrix: dict[str, Result], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([]) == 1  # one is red
    assert list(matrix) == ["3.12-constraints", "3.12-newest", "3.12-oldest"]
    said = capsys.readouterr().out
    assert "does not have it: Python 3.11, 3.13, 3.14" in said
    for cell, state in {"3.12-constraints": GREEN, "3.12-newest": RED, "3.12-oldest": LACKING}.items():
        assert f"{cell}: {state}, tried with 3.12" in said
        assert f"| {cell} " in said
    matrix.clear()
    assert main([]) == 1
    assert list(matrix) == ["3.12-newest"]  # the others are done for this commit
    matrix.clear()
    assert main(["3.12-oldest", "--anew"]) == 0
    assert list(matrix) == ["3.12-oldest"]
    matrix.clear()
    assert main(["--table"]) == 1
    assert not matrix


def test_an_unknown_cell_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["3.12-newst"])
    assert "no cell 3.12-newst; there are 3.11-constraints" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "state", "reason"),
    [
        (
            "x\nERROR: No matching distribution found for jaxlib==0.10.0",
            LACKING,
            "none of jaxlib==0.10.0 for",
        ),
        ("x\nERROR: ResolutionImpossible: for help visit", RED, "ERROR: ResolutionImpossible"),
        ("", RED, "pip ended with 1"),
    ],
)
def test_a_release_without_a_wheel_is_not_red(
    said: str, state: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = subprocess.CompletedProcess([], 1, "", said)
    monkeypatch.setattr(run, "install", lambda python, cell: ended)
    result = run.try_cell("python", "3.14-oldest", "1a")
    assert result.state == state
    assert result.reason.startswith(reason)


def test_a_python_without_environments_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    broken = tmp_path / "versions" / "3.99.1" / "bin" / "python"
    broken.parent.mkdir(parents=True)
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert run.interpreter("3.99") is None
    broken.write_text("#!/bin/sh\nexit 0\n")
    assert run.interpreter("3.99") == str(broken)


def test_the_table_is_markdown() -> None:
    lines = table({"3.12-newest": Result("1a", GREEN, "9 passed", 7, {"jax": "0.12.0"})}).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert len({len(line) for line in lines}) == 1
    assert lines[2].startswith("| 3.12-newest | green ")
