"""What lies where in the folder of a run."""

import csv
import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headstart.cache import UserError
from headstart.cache.task import Task
from headstart.train.engine.checkpoints import restore
from headstart.train.engine.history import EpochRecord
from headstart.train.engine.loop import FitResult
from headstart.train.results.folder import RunFolder
from headstart.train.results.run_record import RunRecord
from tests.train.results.run_before import BEFORE, finished, flip

HISTORY = (EpochRecord(1, 0.5, 0.7, 0.4, 0.8, 1e-3, False),)


def fitted(value: float) -> FitResult:
    params = {"kernel": np.full(3, value, np.float32)}
    return FitResult(HISTORY, params, {"kernel": params["kernel"] + 1}, 1, 0.4, False, 2.0, 8)


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_record_comes_back_and_the_table_is_csv(tmp_path: Path) -> None:
    folder = RunFolder(str(tmp_path))
    run = RunRecord.from_json(BEFORE)
    folder.save_record(run, {"avg": "GlobalAveragePooling"})
    assert folder.record() == run
    assert json.loads((tmp_path / "results.json").read_text()) == BEFORE
    with (tmp_path / "results.csv").open() as file:
        assert [row["head"] for row in csv.DictReader(file)] == ["majority", "avg"]
    assert (tmp_path / "comparison.png").read_bytes().startswith(b"\x89PNG")
    assert names(tmp_path) == {"results.json", "results.csv", "comparison.png"}
    folder.clear()
    assert names(tmp_path) == set()


def test_heads_have_a_folder_for_each_seed_and_fold_and_pictures_of_the_first(tmp_path: Path) -> None:
    folder = RunFolder(str(tmp_path))
    for fold, seed in ((None, 0), (None, 1), (1, 0), (2, 0)):
        folder.save_head("gru", seed, fitted(10.0 * (fold or 0) + seed), "a title", fold)
    for place, value in (("seed-0", 0), ("seed-1", 1), ("fold-1/seed-0", 10), ("fold-2/seed-0", 20)):
        like = {"kernel": np.zeros(3, np.float32)}
        for which, more in (("best", 0), ("last", 1)):
            params = restore(tmp_path / "checkpoints" / "gru" / place, which, like)
            assert params["kernel"].tolist() == [value + more] * 3
    assert names(tmp_path / "history") == {"gru.png", "gru-seed-1.png"}


def test_predictions_come_back(tmp_path: Path) -> None:
    folder = RunFolder(str(tmp_path))
    arrays = {"labels": np.arange(3), "rows": np.arange(3) * 2, "a/0": np.ones((3, 1), np.float32)}
    folder.save_predictions("test", arrays)
    read = folder.predictions("test")
    assert list(read) == list(arrays)
    assert all(np.array_equal(read[name], arrays[name]) for name in arrays)
    assert names(tmp_path) == {"predictions/test.npz"}
    (tmp_path / "predictions" / "test.npz").write_bytes(b"PK\x03\x04 and no more")
    for split in ("test", "valid"):
        with pytest.raises(UserError, match=r"cannot be read .*; run `python bench.py` again"):
            folder.predictions(split)


def test_a_pickle_in_the_predictions_is_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "predictions").mkdir()
    np.savez(tmp_path / "predictions" / "test.npz", labels=np.array([print], object))
    with pytest.raises(UserError, match="cannot be read"):
        RunFolder(str(tmp_path)).predictions("test")


def test_a_folder_that_cannot_be_written_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot be written .*; choose another --out"):
        RunFolder(str(tmp_path / "file")).prepare()
    RunFolder(str(tmp_path / "a" / "b")).prepare()
    assert list((tmp_path / "a" / "b").iterdir()) == []


@pytest.mark.parametrize("target", ["precious", "nowhere", "link"])
def test_nothing_is_made_through_a_link_that_has_the_folder_s_name(target: str, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    os.utime(tmp_path / "precious", (1, 1))
    (tmp_path / "link").symlink_to(tmp_path / target)
    with pytest.raises(UserError, match="is a link"):
        RunFolder(str(tmp_path / "link")).prepare()
    assert (tmp_path / "precious").stat().st_mtime == 1
    assert not (tmp_path / "nowhere").exists()


def test_new_results_replace_older_ones_and_nothing_else(tmp_path: Path) -> None:
    before = finished(tmp_path)
    (tmp_path / "checkpoints" / "notes").write_text("mine")
    (tmp_path / "state").mkdir()
    left = tmp_path / f"results.{'0' * 16}.partial"  # of a run that was killed
    left.mkdir()
    (left / "x").touch()
    old = names(tmp_path) - {f"{left.name}/x"}
    checkpoint = tmp_path / "checkpoints" / "avg" / "seed-0" / "best"
    number = checkpoint.stat().st_ino
    assert finished(tmp_path).digests == before.digests
    assert {name for name in names(tmp_path) ^ old if "/d/" not in name} == set()
    assert checkpoint.stat().st_ino != number
    assert not list(tmp_path.glob("*.partial"))


def test_a_run_that_fails_leaves_the_older_results(tmp_path: Path) -> None:
    finished(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}
    folder = RunFolder(str(tmp_path))

    def fail() -> None:
        with folder.replaced() as fresh:
            fresh.save_head("avg", 0, fitted(1.0), "a title")
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        fail()
    assert {name: (tmp_path / name).read_bytes() for name in names(tmp_path)} == before


def test_a_run_that_is_killed_while_it_takes_over_is_unfinished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished(tmp_path)
    for calls in range(1, 6):
        done = iter(range(calls))
        rename = os.rename

        def stop(*paths: Any, done: Any = done, rename: Any = rename) -> None:
            # what is on its way into the fresh folder goes by the same call
            if ".partial" not in str(paths[1]) and next(done, None) is None:
                raise KeyboardInterrupt
            rename(*paths)

        with monkeypatch.context() as patch:
            patch.setattr(os, "rename", stop)
            with pytest.raises(KeyboardInterrupt):
                finished(tmp_path)
        with pytest.raises(UserError, match="holds no finished run"):
            RunFolder(str(tmp_path)).record()
    finished(tmp_path)
    RunFolder(str(tmp_path)).predictions("test", RunFolder(str(tmp_path)).record())


@pytest.mark.parametrize(
    "name",
    [
        "results.json",
        "results.csv",
        "report.html",
        "comparison.png",
        "history/avg.png",
        "predictions/test.npz",
    ],
)
def test_a_planted_link_is_replaced_and_its_target_is_not_touched(name: str, tmp_path: Path) -> None:
    victim, run = tmp_path / "victim", tmp_path / "run"
    victim.write_text("theirs")
    for place in (run / name, run / f"{name}.partial", run / "results.partial"):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(victim)
    folder = RunFolder(str(run))
    with folder.replaced() as fresh:
        fresh.write(name, "ours")
    assert victim.read_text() == "theirs"
    assert (run / name).read_text() == "ours"
    folder.write(name, "again")
    assert victim.read_text() == "theirs"


def test_predictions_are_those_that_were_written(tmp_path: Path) -> None:
    run, folder = finished(tmp_path), RunFolder(str(tmp_path))
    assert set(folder.predictions("test", run)) == {"labels", "rows", "majority/0", "avg/0"}
    path = tmp_path / "predictions" / "test.npz"
    said = 0
    for bit in range(0, 8 * path.stat().st_size, 501):
        flip(path, bit)
        with pytest.raises(
            UserError, match=r"test\.npz cannot be read \(the SHA-256 of its bytes is .* was written\); run"
        ):
            folder.predictions("test", run)
        flip(path, bit)
        said += 1
    assert said > 10
    other = dataclasses.replace(run, digests=None, task=Task("multiclass", ("a", "b")))
    with pytest.raises(UserError, match="a label is outside the task's 2 classes"):
        folder.predictions("test", other)
