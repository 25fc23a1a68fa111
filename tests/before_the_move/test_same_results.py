"""What was written before the modules were moved is read as before, and the same commands give the same results.

`before.tar.gz`, which `make.py` made with the code of that time, holds data, a tiny backbone and what the commands
wrote. Every command runs in a copy of it, as a user would run it. Processors differ in last bits: numbers may differ by
a little, and must be the same on the processor and with the libraries of that time.
"""

import ast
import csv
import json
import os
import shlex
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import zarr

from .make import block_checksums, digests, processor, versions

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
CLOSE = 1e-5
"""Hidden states and probabilities differ by so much at most."""
LOSSES = 1e-4
"""Losses differ by this share at most."""
DECIDING = ("jax", "numpy")
"""A stopped training goes on with the releases that it began with, and no others."""
CLEANING = ("clean-text", "emoji", "ftfy")
"""Their releases are part of a cache's key."""
COPIED = ("backbone.safetensors", "config.json", "head.safetensors", "labels.json", "recipe.json")
"""Exported files that only copy what is stored."""

HEADS = ("cls", "avg", "maxavg", "gru", "bilstm_pooled")
"""Trained again; the old run has all ten, and a head's result does not depend on the others."""
FLOORS = ("majority", "tfidf_logreg", "logreg_mean")
EQUAL = ("head", "seed", "params", "epochs", "best_epoch", "fold")

Table = list[dict[str, str]]
Labels = list[tuple[dict[str, Any], list[float]]]
"""Of each row everything but its probabilities, and these."""


class Before(NamedTuple):
    """A copy of what was written before the move.

    Attributes:
        folder: that the commands run in.
        facts: what `make.py` says about it.
    """

    folder: Path
    facts: dict[str, Any]

    @property
    def name(self) -> str:
        """Of the cache, and of the run."""
        return str(self.facts["name"])

    @property
    def exact(self) -> bool:
        """Whether this machine computes the very same bits."""
        return bool(self.facts["processor"] == processor() and self.facts["versions"] == versions())

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command, which has to end well."""
        words = [str(ROOT / word) if word.endswith(".py") else word for word in shlex.split(command)]
        environment = {
            **{name: value for name, value in os.environ.items() if name != "XLA_FLAGS"},
            "PYTHONPATH": str(ROOT),
            "JAX_PLATFORMS": "cpu",
            "JAX_NUM_CPU_DEVICES": "1",
        }
        line = [sys.executable, *words]
        ended = subprocess.run(
            line, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return ended

    def command(self, key: str) -> str:
        """The command of that time."""
        return str(self.facts["commands"][key])

    def needs(self, *packages: str) -> None:
        """Skip the test where other releases are installed, with which another result is right."""
        if other := [name for name in packages if self.facts["versions"][name] != versions()[name]]:
            pytest.skip(f"made with other releases of {', '.join(other)}")


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Before:
    folder = tmp_path_factory.mktemp("before")
    with tarfile.open(HERE / "before.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return Before(folder, json.loads((folder / "facts.json").read_text()))


@pytest.fixture(scope="module")
def new_run(before: Before) -> Path:
    """The training of that time once more, on the cache of that time; half of the heads are enough."""
    before.run(f"{before.command('bench')} --heads {','.join(HEADS)} --out results-again")
    return before.folder / "results-again" / before.name


def rows_of(run: Path) -> Table:
    with (run / "results.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def same_table(new_table: Table, old_table: Table, counts: dict[str, int], exact: bool) -> None:
    """Compare two tables of results.

    Args:
        new_table: as it is.
        old_table: as it was.
        counts: rows of each split; a decision may differ in one of them.
        exact: all but the times must be equal.
    """
    assert [list(row) for row in new_table] == [list(row) for row in old_table]
    names = [name for name in old_table[0] if name in EQUAL]
    for new, old in zip(new_table, old_table, strict=True):
        assert [new[name] for name in names] == [old[name] for name in names]
        for split, count in counts.items():
            loss, accuracy = f"{split}_loss", f"{split}_accuracy"
            assert float(new[loss]) == pytest.approx(float(old[loss]), rel=LOSSES), old
            assert float(new[accuracy]) == pytest.approx(float(old[accuracy]), abs=1.01 / count), old
        if exact:
            assert {**new, "train_seconds": ""} == {**old, "train_seconds": ""}
        assert float(new["train_seconds"]) >= 0


def hidden_states(cache: Path, block: str) -> np.ndarray:
    return np.asarray(zarr.open_array(cache / block / "hidden", mode="r", zarr_format=3)[:])


def same_cache(cache: Path, before: Before) -> None:
    """The same key and rows, and hidden states that hardly differ."""
    old = before.folder / "features" / before.name
    assert (cache / "recipe.json").read_bytes() == (old / "recipe.json").read_bytes()
    assert json.loads((cache / "manifest.json").read_text())["key"] == before.facts["key"]
    checksums = block_checksums(cache)
    if before.exact:
        assert checksums == before.facts["blocks"]
    assert list(checksums) == list(before.facts["blocks"])
    for block, arrays in before.facts["blocks"].items():
        for array in ("lengths", "labels", "rows", "texts"):
            assert checksums[block][array] == arrays[array], (block, array)
        difference = np.abs(hidden_states(cache, block) - hidden_states(old, block)).max()
        assert difference <= CLOSE, block


def test_the_old_cache_is_sound(before: Before) -> None:
    said = before.run(f"-m cache verify features/{before.name}").stdout
    assert said.startswith(f"{before.name}: sound (79 rows")


def test_the_same_command_finds_the_old_cache(before: Before) -> None:
    before.needs(*CLEANING)
    manifest = before.folder / "features" / before.name / "manifest.json"
    content = manifest.read_bytes()
    said = before.run(before.command("extract")).stdout
    assert "the cache is complete already: nothing to compute" in said
    assert said.endswith(f"cache: features/{before.name}\n")
    assert manifest.read_bytes() == content
    assert [path.name for path in (before.folder / "features").iterdir()] == [before.name]


def test_the_same_data_make_the_same_cache(before: Before) -> None:
    before.needs(*CLEANING)
    before.run(f"{before.command('extract')} --layers last --cache-dir elsewhere")
    same_cache(before.folder / "elsewhere" / before.name, before)


def test_an_interrupted_extraction_goes_on(before: Before) -> None:
    before.needs(*CLEANING)
    cache, done = before.folder / "interrupted" / before.name, before.facts["interrupted_blocks"]
    times = {path: path.stat().st_mtime_ns for path in cache.glob("*/*/block.json")}
    assert len(times) == done
    said = before.run(f"{before.command('extract')} --cache-dir interrupted").stdout
    assert f"resuming: {done} of {len(before.facts['blocks'])} blocks done" in said
    assert {path: path.stat().st_mtime_ns for path in times} == times  # nothing was computed twice
    same_cache(cache, before)
    assert before.run(f"-m cache verify interrupted/{before.name}").stdout.startswith(f"{before.name}: sound")


def test_the_same_training_gives_the_same_table(before: Before, new_run: Path) -> None:
    old_table = rows_of(before.folder / "results" / before.name)
    assert len(old_table) == len(FLOORS) + 2 * 10
    same = [row for row in old_table if row["head"] in (*FLOORS, *HEADS)]
    same_table(rows_of(new_run), same, {"valid": 8, "test": 8}, before.exact)


def test_old_and_new_run_are_compared(before: Before, new_run: Path) -> None:
    said = before.run(f"bench.py compare results/{before.name} results-again/{before.name} --json").stdout
    (pair,) = json.loads(said)["pairs"]
    assert {row["head"] for row in pair["heads"]} == {*FLOORS, *HEADS}
    assert not any(row["differs"] for row in pair["heads"])


def test_a_stopped_run_over_folds_goes_on(before: Before) -> None:
    before.needs(*DECIDING)
    said = before.run(f"{before.command('folds')} --out stopped --resume").stderr
    assert "going on behind epoch 4" in said  # fold 1 was done
    assert "going on behind epoch 1" in said
    new, old = (rows_of(before.folder / out / f"{before.name}-folds-3") for out in ("stopped", "folds"))
    same_table(new, old, {"valid": 6, "test": 26}, before.exact)


def from_csv(text: str) -> Labels:
    rows = list(csv.DictReader(text.splitlines()))
    shares = [[float(row.pop("p_0")), float(row.pop("p_1"))] for row in rows]
    return list(zip(rows, shares, strict=True))


def from_json_lines(text: str) -> Labels:
    rows = [json.loads(line) for line in text.splitlines()]
    return [(row, list(row.pop("probabilities").values())) for row in rows]


@pytest.mark.parametrize(("kind", "read"), [("csv", from_csv), ("jsonl", from_json_lines)])
def test_an_old_run_labels_new_texts_as_before(
    before: Before, kind: str, read: Callable[[str], Labels]
) -> None:
    before.needs(*CLEANING)
    before.run(f"{before.command(f'predict {kind}')} --output again.{kind}")
    new_file, old_file = (before.folder / f"{name}.{kind}" for name in ("again", "predictions"))
    new, old = (read(path.read_text()) for path in (new_file, old_file))
    assert [rest for rest, _ in new] == [rest for rest, _ in old]
    np.testing.assert_allclose([share for _, share in new], [share for _, share in old], rtol=0, atol=CLOSE)
    if before.exact:
        assert new_file.read_bytes() == old_file.read_bytes()


def test_an_old_run_is_exported_as_before(before: Before) -> None:
    before.needs(*CLEANING)
    before.run(before.command("export"))
    new, old = digests(before.folder / "export"), before.facts["export"]
    # since, what reads the folder and the encoder are scripts of their own, and what they need a list
    assert set(new) == set(old) | {"flax_distilbert.py", "folder.py", "requirements.txt"}
    assert {name: new[name] for name in COPIED} == {name: old[name] for name in COPIED}
    rows = from_csv((before.folder / "predictions.csv").read_text())
    with (before.folder / "new.csv").open(newline="") as file:
        texts = [row["comment_text"] for row in csv.DictReader(file)]
    line = [sys.executable, before.folder / "export" / "load.py", *texts]
    loaded = ast.literal_eval(subprocess.check_output(line, text=True).splitlines()[-1])
    np.testing.assert_allclose(np.ravel(loaded), [share[1] for _, share in rows], rtol=0, atol=CLOSE)
