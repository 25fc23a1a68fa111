"""What is removed, and what is not."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from headstart.cache import UserError
from headstart.train.engine.checkpoints import save
from headstart.train.engine.stored_files import ORBAX, remove_files, require_no_link, strangers


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("kind", [np.asarray, jnp.asarray])
def test_orbax_writes_what_we_know(kind: Callable[[Any], Any], tmp_path: Path) -> None:
    kernel = np.random.default_rng(0).normal(size=(40, 90)).astype(np.float32)
    save(tmp_path, "best", {"dense": {"kernel": kind(kernel)}})
    assert strangers(tmp_path / "best", ORBAX) == []
    remove_files(tmp_path / "best", ORBAX)
    assert names(tmp_path) == set()


def test_only_files_of_the_form_go_and_folders_that_are_empty_without_them(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for name in ("a/1.x", "a/b/2.x", "a/b/2.y", "c/3.x", "4.x", "5.xx", "d/e/6.x"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    (root / "empty").mkdir()
    os.mkfifo(root / "7.x")
    (root / "8.x").symlink_to(root / "5.xx")
    (root / "c" / "link").symlink_to(root / "a")
    form = r"(?:.*/)?[0-9]\.x"
    assert strangers(root, form) == ["5.xx", "7.x", "8.x", "a/b/2.y", "c/link"]
    remove_files(root, form)
    assert names(root) == {"a", "a/b", "a/b/2.y", "c", "c/link", "5.xx", "7.x", "8.x", "empty"}


@pytest.mark.parametrize("kind", ["link", "file", "nothing"])
def test_what_is_no_folder_holds_nothing(kind: str, tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "a").touch()
    if kind == "link":
        (tmp_path / "it").symlink_to(tmp_path / "victim")
    elif kind == "file":
        (tmp_path / "it").touch()
    assert strangers(tmp_path / "it", "b") == []
    remove_files(tmp_path / "it", "a")
    assert (tmp_path / "victim" / "a").exists()
    if kind == "link":
        with pytest.raises(UserError, match="it is a link, and no results are written through one"):
            require_no_link(tmp_path / "it")
    else:
        require_no_link(tmp_path / "it")
