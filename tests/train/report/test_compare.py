"""Runs side by side as text."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest

from headstart import bench
from headstart.cache import UserError
from headstart.cache.runtime.errors import exit_code
from headstart.cache.runtime.text import printable
from headstart.cache.task import BINARY
from headstart.train.report.compare import (
    compare_answers,
    compare_lines,
    readable,
    side_by_side,
    stack_seeds,
)
from headstart.train.results.folder import RunFolder
from headstart.train.statistics.compare import RunAnswers
from headstart.train.statistics.findings import Comparison, HeadChange, RunPair
from tests.train.results.run_before import BEFORE, finished

LONG = "jigsaw_preprocessed_sample-minilm-8d2f5d133a/with-a-very-long-name-that-goes-on-and-on-and-on"


def change(head: str, by: float, differs: bool) -> HeadChange:
    return HeadChange(head, 0.7, 0.7 + by, by - 0.02, by + 0.02, None, 3, 9, 0.001, 0.02, differs, by)


def comparison(compared: str = "accuracy") -> Comparison:
    changes = [change("cls", 0.1, True), change("bilstm_pooled", -0.1, True), change("gru", 0.01, False)]
    pairs = [
        RunPair(LONG, "b", True, 200, "paired: the same 200 rows.", changes, [], ["avg"], [], ["lstm"]),
        RunPair(LONG, "c", False, None, "not paired: " + "a long reason " * 9, changes[2:], [], [], [], []),
        RunPair("b", "c", False, None, "not paired.", [], [], [], ["gru"], []),
    ]
    return Comparison(compared, [], pairs, 4)


def test_it_fits_80_columns_and_says_which_differences_hold() -> None:
    text = compare_lines(comparison())
    assert max(map(len, text.splitlines())) <= 80
    first, second, third, note = text.split("\n\n")
    assert "A: jigsaw_preprocessed_sample-minilm-8d2f5d133a" in first
    assert "bilstm_pooled    0.7000  0.6000   -0.1000" in first
    assert first.count("yes") == 2
    assert "only in B: avg\ndiverged in B: lstm" in first
    assert first.endswith("B is better for cls; A is better for bilstm_pooled.")
    assert second.endswith("No head differs between A and B by more than chance.")
    assert "diverged in A: gru\nThere is no head to compare." in third
    assert "over all 4 comparisons above" in " ".join(note.split())


def test_rows_of_several_labels_are_right_as_a_whole() -> None:
    assert "exact-match accuracy (every label right)" in " ".join(
        compare_lines(comparison("subset_accuracy")).split()
    )


def test_seeds_of_a_head_are_stacked_in_order() -> None:
    arrays = {f"{name}/{seed}": np.full((4, 2), seed) for name in ("majority", "a/b") for seed in range(2)}
    heads = stack_seeds(arrays)
    assert list(heads) == ["majority", "a/b"]
    assert heads["a/b"].shape == (2, 4, 2)
    assert heads["a/b"][:, 0, 0].tolist() == [0, 1]


def test_folders_are_compared_on_their_test_rows(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for name in ("one", "two"):
        folder = RunFolder(str(tmp_path / name))
        folder.prepare()
        folder.write("results.json", json.dumps(BEFORE))
        logits = {f"avg/{seed}": random.normal(size=(30, 3)).astype(np.float32) for seed in range(2)}
        folder.save_predictions("test", {"labels": np.arange(30) % 3, "rows": np.arange(30), **logits})
    (pair,) = side_by_side([RunFolder(str(tmp_path / name)) for name in ("one", "two")]).pairs
    assert (pair.paired, pair.rows, [row.head for row in pair.heads]) == (True, 30, ["avg"])
    assert pair.a == f"{BEFORE['cache']['name']} (1)"
    with pytest.raises(UserError, match="1 run cannot be compared"):
        side_by_side([RunFolder(str(tmp_path / "one"))])


@pytest.mark.parametrize("value", [0.0, -0.0, -0.00001, 0.00004, -1e-300])
def test_nothing_has_no_sign_of_its_own(value: float) -> None:
    row = HeadChange("cls", 0.7, 0.7, value, value, None, 0, 0, 1.0, 1.0, False, value)
    pair = RunPair("a", "b", True, 200, "paired.", [row], [], [], [], [])
    text = compare_lines(Comparison("accuracy", [], [pair], 1))
    assert "+0.0000  +0.000 to +0.000" in text
    assert "-0.0" not in text


def test_a_run_beside_itself_changes_by_plain_zero() -> None:
    labels, rows = np.arange(6) % 2, np.arange(6)
    logits = {"avg": np.where(labels == 1, 1.0, -1.0).reshape(1, 6, 1)}
    (pair,) = compare_answers([RunAnswers("a", BINARY, labels, rows, logits)] * 2).pairs
    row = pair.heads[0]
    assert (row.change, math.copysign(1, row.change)) == (0, 1)
    assert -0.8 < row.low == -row.high < 0  # on other rows they may differ


def test_a_run_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    for name in ("one", "two", "bad"):
        finished(tmp_path / name)
    (tmp_path / "bad" / "predictions" / "test.npz").write_bytes(b"PK")
    folders = [RunFolder(str(tmp_path / name)) for name in ("bad", "one", "none", "two")]
    runs, errors = readable(folders)
    assert [run.name for run in runs] == [BEFORE["cache"]["name"]] * 2
    assert ["bad" in str(errors[0]), "none" in str(errors[1])] == [True, True]
    assert compare_answers(runs).pairs[0].paired
    with pytest.raises(UserError, match=r"bad.*cannot be read"):
        side_by_side(folders)


@pytest.mark.parametrize("name", ["\x1b[2Jrun", "turned\u202eback", "\x07bell"])
def test_names_of_runs_reach_the_terminal_as_text(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `bench.py compare` prints them, one of them unreadable."""
    for folder in ("a", "b"):
        run = finished(tmp_path / folder)
        cache = dataclasses.replace(run.cache, name=f"{folder}{name}")
        (tmp_path / folder / "results.json").write_text(
            json.dumps(dataclasses.replace(run, cache=cache).to_json())
        )
    paths = [str(tmp_path / folder) for folder in ("a", "b", name)]
    monkeypatch.setattr("sys.argv", ["bench.py", "compare", *paths])
    assert exit_code(bench.main) == 2
    out, err = capsys.readouterr()
    assert f"A: a{printable(name)}" in out
    assert all(line.isprintable() for line in (out + err).split("\n"))
