"""Folders whose file system cannot do everything, and what other programs leave in them."""

import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from headstart.cache.storage import file_system
from headstart.cache.storage.arrays import read_array, write_array
from headstart.cache.storage.file_system import is_litter, missing_support
from headstart.cache.storage.lock import held
from headstart.cache.storage.store import Store


def refusing(number: int) -> Callable[..., NoReturn]:
    def refuse(*_: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    return refuse


def test_a_usual_folder_lacks_nothing(tmp_path: Path) -> None:
    assert missing_support(str(tmp_path)) == {}
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS])
def test_without_fsync_a_cache_is_written_and_a_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "fsync", refusing(number))
    assert missing_support(str(tmp_path)) == {"file_io_sync": False}
    lines: list[str] = []
    store = Store(str(tmp_path / "cache"))
    with held(store, lines.append) as lock:
        write_array(store, "x", np.arange(6.0).reshape(3, 2))
        lock.check()
    (line,) = lines
    assert "fsync is not supported" in line
    assert read_array(store, "x", (3, 2), np.dtype(float)).tolist() == [[0, 1], [2, 3], [4, 5]]


def test_only_folders_may_lack_fsync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_system, "sync_folder", lambda folder: False)
    assert missing_support(str(tmp_path)) == {"file_io_sync": False}


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_nothing_asks_the_file_system_for_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    for name in ("flock", "lockf", "fcntl"):
        monkeypatch.setattr(fcntl, name, refusing(number))
    assert missing_support(str(tmp_path)) == {}
    lines: list[str] = []
    store = Store(str(tmp_path / "cache"))
    with held(store, lines.append) as lock:
        store.write_json("recipe.json", {"a": 1})
        lock.check()
    assert (lines, os.listdir(store.location)) == ([], ["recipe.json"])


def test_another_refusal_is_no_lack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", refusing(errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        missing_support(str(tmp_path))


@pytest.mark.parametrize(
    "name",
    [
        "train/.DS_Store",
        "._x",
        ".nfs000abc",
        "thumbs.DB",
        "a/b/Desktop.ini",
        ".directory",
        "~$x.csv",
        ".~lock.x#",
        "Icon\r",
    ],
)
def test_names_that_other_programs_leave(name: str) -> None:
    assert is_litter(name)


@pytest.mark.parametrize(
    "name", ["notes.txt", "train", "manifest.json", ".hidden", "DS_Store", "x/.nfs/y", "nfs1"]
)
def test_names_that_are_somebody_s(name: str) -> None:
    assert not is_litter(name)
