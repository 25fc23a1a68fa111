"""`bench.py layers` from a cache to results: the choice again from the predictions, and what is done with the run."""

import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from headstart import bench
from headstart.cache import UserError
from headstart.train.options import RunSettings
from headstart.train.results.folder import RunFolder
from headstart.train.statistics.findings import LayerFindings
from tests.layered import layered_block, layered_recipe
from tests.train.conftest import write_cache

STATES, BEST = (0, 1, 2, 3), 2
SIZES = {"train": (300,), "valid": (120,), "test": (150,)}
NAMES = [f"{head}@{layer}" for head in ("max", "avg") for layer in (*STATES, "all")]
Run = Callable[..., Path]


def make(folder: Path, groups: bool = False, states: tuple[int, ...] = STATES) -> str:
    """A cache whose layer 2 tells the label."""
    blocks, first = {}, 0
    best = BEST if BEST in states else None
    for split, (rows,) in SIZES.items():
        blocks[split] = [layered_block(rows, first, states, groups, best)]
        first += rows
    recipe = layered_recipe(first, states, groups)
    recipe = dataclasses.replace(recipe, architecture=json.dumps({"n_layers": 3}))
    return str(write_cache(folder / "made", recipe, blocks))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run the command in this process, whose JAX is set up already."""
    monkeypatch.setattr(bench, "prepare_jax", lambda: None)

    def main(cache: str, *arguments: object) -> Path:
        line = ["bench.py", "layers", "--cache", cache, "--out", tmp_path / "results", "--precision", "float32",
                "--batch-size", 64, "--epochs", 6, "--no-floors"]  # fmt: skip
        monkeypatch.setattr(sys, "argv", [*map(str, line), *map(str, arguments)])
        bench.main()
        (path,) = (tmp_path / "results").glob("*-layers*")
        return path

    return main


def right(path: Path, split: str, name: str, seeds: int) -> np.ndarray:
    """Which rows each seed of a head decides rightly, from `predictions/`."""
    arrays = np.load(path / "predictions" / f"{split}.npz")
    return np.stack([(arrays[f"{name}/{n}"][:, 0] > 0) == arrays["labels"] for n in range(seeds)])


def loss(path: Path, name: str, seeds: int) -> float:
    """Mean cross-entropy of the validation rows."""
    arrays = np.load(path / "predictions" / "valid.npz")
    signs = 2.0 * arrays["labels"] - 1
    return float(np.mean([np.logaddexp(0, -signs * arrays[f"{name}/{n}"][:, 0]) for n in range(seeds)]))


def findings_of(path: Path) -> LayerFindings:
    layers = RunFolder(str(path)).record().layers
    assert layers
    return layers


def test_the_choice_is_that_of_the_validation_rows(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = run(make(tmp_path), "--heads", "avg,max", "--seeds", 2)
    said, layers = capsys.readouterr().out, findings_of(path)
    assert path.name == "made-layers"
    assert [candidate.name for candidate in layers.candidates] == NAMES
    valid = {name: right(path, "valid", name, 2).mean() for name in NAMES}
    losses = {name: loss(path, name, 2) for name in NAMES}
    test = {name: right(path, "test", name, 2).mean() for name in NAMES}
    assert layers.valid == pytest.approx(valid)
    for choice in layers.choices:
        among = [n for n in NAMES if n.split("@")[0] in choice.among and n.endswith("all") == choice.every]
        assert losses[choice.name] == min(losses[name] for name in among)
        assert choice.chosen == [choice.name]
        assert choice.valid == pytest.approx(valid[choice.name])
        assert choice.test == pytest.approx(test[choice.name])
        last = test[f"{choice.name.split('@')[0]}@3"]
        assert choice.last.difference == pytest.approx(test[choice.name] - last)
    assert [choice.name for choice in layers.choices][:4] == ["max@2", "max@all", "avg@2", "avg@all"]
    assert "Layer 2, chosen on the validation rows, beats the last one by" in " ".join(said.split())
    assert "3 (last)" in said
    assert (path / "layers.png").read_bytes().startswith(b"\x89PNG")
    report = (path / "report.html").read_text()
    assert 'id="layers"' in report
    assert layers.verdict[0] in report


@pytest.mark.slow
def test_the_run_is_as_any_other(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = run(make(tmp_path), "--heads", "avg")
    bench.verify_runs(RunSettings(runs=[str(path)]))
    assert "sound (5 trained heads" in capsys.readouterr().out
    bench.compare_runs(RunSettings(runs=[str(path), str(path)]))
    assert "avg@all" in capsys.readouterr().out
    record = RunFolder(str(path)).record()
    line = ["bench.py", "--cache", str(tmp_path / "made"), "--heads", "avg", "--out", str(tmp_path / "results"),
            "--precision", "float32", "--epochs", "1", "--no-floors"]  # fmt: skip
    monkeypatch.setattr(sys, "argv", line)
    bench.main()
    assert (tmp_path / "results" / "made").exists()  # another run's folder is not its
    assert RunFolder(str(path)).record() == record
    assert RunFolder(str(tmp_path / "results" / "made")).record().layers is None
    (path / "layers.png").write_bytes(b"old")
    run(str(tmp_path / "made"), "--heads", "avg")
    assert (path / "layers.png").read_bytes() != b"old"


def test_folds_choose_in_each_fold_and_keep_groups_apart(run: Run, tmp_path: Path) -> None:
    path = run(make(tmp_path, groups=True), "--heads", "avg", "--folds", 3)
    layers, record = findings_of(path), RunFolder(str(path)).record()
    assert path.name == "made-layers-folds-3"
    assert record.rows["test"] == 570
    single, every = layers.choices
    assert single.chosen == ["avg@2"] * 3
    assert every.chosen == ["avg@all"] * 3
    assert single.test == pytest.approx(right(path, "test", "avg@2", 1).mean())
    assert "of each fold" in layers.notes[0]
    bench.verify_runs(RunSettings(runs=[str(path)]))


@pytest.mark.parametrize(
    ("states", "says"),
    [
        (
            (),
            "made holds the last layer only, and layers are compared with the last one, 3; first: .* --layers all",
        ),
        ((0, 1), "made holds layers 0, 1, and layers"),
        ((3,), "made holds layers 3, and layers"),
    ],
)
def test_a_cache_without_layers(run: Run, tmp_path: Path, states: tuple[int, ...], says: str) -> None:
    with pytest.raises(UserError, match=says):
        run(make(tmp_path, states=states))


def test_a_head_that_stands_on_no_layer_is_told_before_anything_is_opened(run: Run) -> None:
    with pytest.raises(UserError, match="'gru' cannot stand on any layer"):
        run("nowhere", "--heads", "avg,gru")
