"""What lies where in the folder of a run."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from headstart.cache import UserError
from headstart.train.engine.checkpoints import restore
from headstart.train.engine.history import EpochRecord
from headstart.train.engine.loop import FitResult
from headstart.train.results.folder import RunFolder
from headstart.train.results.run_record import RunRecord
from tests.train.results.run_before import BEFORE

HISTORY = (EpochRecord(1, 0.5, 0.7, 0.4, 0.8, 1e-3, False),)


def fitted(value: float) -> FitResult:
    params = {"kernel": np.full(3, value, np.float32)}
    return FitResult(HISTORY, params, {"kernel": params["kernel"] + 1}, 1, 0.4, False, 2.0)


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
