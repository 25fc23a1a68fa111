"""A folder that appears when it is whole, and what lies in it."""

import json
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import PyTree
from safetensors.numpy import save

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.files import atomic_folder

TEMPLATES = Path(__file__).parent / "templates"
SCRIPTS = ("load.py", "head.py")


def new_folder(path: str) -> AbstractContextManager[Path]:
    """Give a folder to fill; it gets its name at the end, and nothing of it stays after an error.

    Raises:
        UserError: it exists, or cannot be made.
    """
    target = Path(path.rstrip("/") or path)
    if target.exists():
        raise UserError(f"{path} exists; name a folder that does not, or remove it first")
    if not target.parent.is_dir():
        raise UserError(f"{path}: there is no folder {target.parent}; make it first")
    return atomic_folder(target)


def save_tensors(path: Path, params: PyTree) -> None:
    """Write nested parameters as safetensors, their names joined by dots."""
    leaves: list[tuple[Any, Any]] = jax.tree_util.tree_leaves_with_path(params)
    # Made contiguous: safetensors would write a view's memory as it lies.
    named = {
        jax.tree_util.keystr(place, simple=True, separator="."): np.ascontiguousarray(np.asarray(leaf))
        for place, leaf in leaves
    }
    path.write_bytes(save(named))


def save_scripts(folder: Path) -> None:
    """Copy the loader and the head's arithmetic."""
    for name in SCRIPTS:
        shutil.copyfile(TEMPLATES / name, folder / name)


def save_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON file that people read, too."""
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
