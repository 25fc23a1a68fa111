"""Arrays of a file that may come from anyone."""

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headstart.cache.task import BINARY, Task
from headstart.train.results.prediction_arrays import read_arrays, require_arrays

ARRAYS = {"labels": np.array([0, 1, 1]), "rows": np.arange(3), "avg/0": np.ones((3, 1), np.float32)}


def test_arrays_come_back(tmp_path: Path) -> None:
    savez: Any = np.savez
    savez(tmp_path / "a.npz", **ARRAYS)
    read = read_arrays(str(tmp_path / "a.npz"))
    assert all(np.array_equal(read[name], ARRAYS[name]) for name in ARRAYS)
    require_arrays(BINARY, read)


def npy(shape: str, size: int, descr: str = "'<f4'") -> bytes:
    """An array's file whose header says a shape, and which holds so many bytes."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(size)


def archive(content: bytes, compression: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as zipped:
        zipped.writestr("labels.npy", content)
    return file.getvalue()


GOOD = archive(npy("(2,)", 8))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no archive",
        GOOD[:40],
        GOOD[:-30],
        GOOD[:60] + b"\0\0\0\0" + GOOD[64:],
        archive(npy("(1000000000000,)", 8)),
        archive(npy("(-1,)", 8)),
        archive(npy("(2,), 'more': (", 8)),
        archive(npy("(2,)", 8, "'|O'")),
        archive(npy("(2,)", 8, "'<f99'")),
        archive(npy("(" * 5000, 8)),
        archive(npy("(2000000,)", 8_000_000), zipfile.ZIP_DEFLATED),
        archive(b""),
    ],
    ids=lambda content: f"{len(content)} bytes",  # the content itself tells the time
)
def test_damage_and_bombs_are_a_value_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        read_arrays(str(tmp_path / "a.npz"))


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "."):
        with pytest.raises(ValueError, match="no file"):
            read_arrays(str(tmp_path / name))
    with pytest.raises(FileNotFoundError):
        read_arrays(str(tmp_path / "none"))


THREE = Task("multiclass", ("a", "b", "c"))
SEVERAL = Task("multilabel", ("a", "b"))


@pytest.mark.parametrize(
    ("task", "changed"),
    [
        (BINARY, {"labels": np.array([0, 1, 2])}),
        (BINARY, {"labels": np.array([0, 1, -1])}),
        (BINARY, {"labels": np.array([0.0, 1, 1])}),
        (BINARY, {"labels": np.array([0, 1])}),
        (BINARY, {"labels": np.array([[0], [1], [1]])}),
        (BINARY, {"rows": np.array([0, 1, 1])}),
        (BINARY, {"rows": np.array([[0, 1, 2]])}),
        (BINARY, {"rows": np.array(["a", "b", "c"])}),
        (BINARY, {"avg/0": np.ones((2, 1))}),
        (BINARY, {"avg/0": np.ones((3, 2))}),
        (BINARY, {"avg/0": np.ones((3, 1), int)}),
        (BINARY, {"avg/0": np.float32(1)}),
        (THREE, {}),
        (SEVERAL, {"avg/0": np.ones((3, 2))}),
        (SEVERAL, {"labels": np.full((3, 2), 2), "avg/0": np.ones((3, 2))}),
    ],
)
def test_what_does_not_fit_the_task_is_told(task: Task, changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        require_arrays(task, ARRAYS | changed)


def test_validation_rows_of_folds_may_stand_there_twice() -> None:
    twice = ARRAYS | {"rows": np.array([0, 1, 1])}
    require_arrays(BINARY, twice, repeated=True)
    with pytest.raises(ValueError, match="do not fit together"):
        require_arrays(BINARY, twice | {"rows": np.array([0, 1])}, repeated=True)


@pytest.mark.parametrize("name", ["labels", "rows"])
def test_none_may_be_missing(name: str) -> None:
    with pytest.raises(ValueError, match="missing"):
        require_arrays(BINARY, {key: value for key, value in ARRAYS.items() if key != name})
