"""What takes more than a second is named while it runs, and what a command prints fits on a screen.

By work and not by the clock: the calls that take long are listed here, and each has to stand in a block
`with ....phase("name")`. Commands in a pseudo-terminal show the same, and are slow.
"""

import ast
import os
import pty
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from headstart.cache.runtime.errors import EXIT_USER_ERROR

from .extract.conftest import DISTILBERT, random_weights, save_backbone

ROOT = Path(__file__).parent.parent
LONG = {
    "headstart/bench.py": [
        "open_rounds", "open_trainer", "trainer.train", "trainer.predict", "all_baselines", "judge", "layers_of",
        "inference", "save", "render",
    ],
    "headstart/finished_runs.py": ["compare_answers", "prove"],
    "headstart/predict.py": ["load", "fill", "push", "loaded.answer", "explained"],
    "headstart/labelling.py": ["label_stream"],
    "extract/__main__.py": ["prepare", "prepare_jigsaw"],
    "extract/pipeline/run.py": [
        "prepare", "_load", "extractor.plan", "check_space", "_begin", "describe", "extractor.measure_accuracy",
        "_finish",
    ],
    "cache/__main__.py": ["verify"],
}  # fmt: skip
"""Calls that take more than a second where data or models are large, by file."""
ELSEWHERE = {("cache/__main__.py", "verify"): 1}
"""How many of them may stand outside: a second look at what was just mended."""
LINES = 25
"""Most lines that a command prints beside its table."""


def unnamed(tree: ast.AST, names: list[str], inside: bool = False) -> Iterator[tuple[str, bool]]:
    """Each call of one of the names, and whether it stands in a named phase."""
    if isinstance(tree, ast.With):
        inside = inside or any(
            ".phase(" in ast.unparse(item) or "phase(" in ast.unparse(item) for item in tree.items
        )
    if isinstance(tree, ast.Call) and ast.unparse(tree.func) in names:
        yield ast.unparse(tree.func), inside
    for child in ast.iter_child_nodes(tree):
        yield from unnamed(child, names, inside)


@pytest.mark.parametrize("path", LONG)
def test_what_takes_long_has_a_name(path: str) -> None:
    calls = list(unnamed(ast.parse((ROOT / path).read_text()), LONG[path]))
    assert {name for name, _ in calls} == set(LONG[path])  # else the list is of another time
    for name in LONG[path]:
        outside = [inside for call, inside in calls if call == name].count(False)
        assert outside == ELSEWHERE.get((path, name), 0), name


def test_the_check_sees_a_call_outside() -> None:
    source = "with a.phase('x'):\n    f()\nwith b:\n    f()\ng(f())\nwith phase('y'), c:\n    h = f(1)\n"
    assert [inside for _, inside in unnamed(ast.parse(source), ["f"])] == [True, False, False, True]


def in_terminal(*words: str, folder: Path) -> tuple[list[str], list[str]]:
    """Run a command in a pseudo-terminal: the lines that it leaves, and all that stood on one for a while."""
    ours, theirs = pty.openpty()
    line = [str(ROOT / word) if word in ("bench.py", "predict.py") else word for word in words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}
    with subprocess.Popen(
        [sys.executable, *line], cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        text = b""
        while part := _read(ours):
            text += part
    os.close(ours)
    assert process.returncode in (0, EXIT_USER_ERROR), text
    rows = [row.split("\r") for row in text.decode().replace("\033[K", "").replace("\r\n", "\n").split("\n")]
    return [row[-1] for row in rows if row[-1]], [state for row in rows for state in row if state]


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # the last process has closed its end
        return b""


def next_command(lines: list[str]) -> list[str]:
    """The last command that is offered, without `python`."""
    return shlex.split(next(line for line in reversed(lines) if line.startswith("  python ")))[1:]


@pytest.mark.slow
def test_each_command_names_its_phases_and_leads_to_the_next(tmp_path: Path) -> None:
    """Every command but the first is the one that the one before offers."""
    words = ["kind", "rude", "good"] * 40
    rows = [f"you are {word} {number},{number % 2}" for number, word in enumerate(words)]
    (tmp_path / "my data.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    (tmp_path / "new.csv").write_text("text\nyou are kind\nyou are rude\n")
    save_backbone(tmp_path / "tiny", DISTILBERT, random_weights(DISTILBERT))

    lines, states = in_terminal(
        "-m", "extract", "--data", "my data.csv", "--backbone", "tiny", "--max-length", "30", folder=tmp_path
    )
    assert len(lines) <= LINES
    for phase in (
        "loading JAX and the encoder",
        "planning the batches",
        "compiling, and checking",
        "backbone",
    ):
        assert any(state.startswith(phase) for state in states), phase

    lines, states = in_terminal(*next_command(lines), "--heads", "avg,cls", folder=tmp_path)
    table = [place for place, line in enumerate(lines) if line.startswith(("head ", "written to"))]
    assert len(lines) - (table[1] - table[0]) <= LINES
    for phase in (
        "compiling 2 heads", "epoch  1 ", "epoch 50 ", "answering", "fitting the baselines", "resampling", "timing",
        "writing heads, plots",
    ):  # fmt: skip
        assert any(state.startswith(phase) for state in states), phase
    assert max(len(state) for state in states if state.startswith("epoch") or state.endswith("...")) <= 80
    assert any("--folds 5 tests all 120 rows" in line for line in lines)

    lines, states = in_terminal(*next_command(lines), folder=tmp_path)
    assert lines[-1].startswith("2 rows")
    assert any(state.startswith("compiling, and labelling") for state in states)
    assert (tmp_path / "labels.csv").exists()
