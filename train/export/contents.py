"""A folder that appears when it is whole, what lies in it, and whether its program agrees with `predict.py`."""

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax import export
from jaxtyping import PyTree
from safetensors.numpy import save

from headstart.cache.ragged import split_rows
from headstart.cache.recipe import Recipe
from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.files import atomic_folder, file_sha256, remove_partials
from headstart.train.predict.trained_head import Trained

TEMPLATES = Path(__file__).parent / "templates"
SCRIPTS = ("load.py", "head.py", "folder.py")
PACKAGES = ("jax", "flax", "tokenizers", "safetensors", "numpy")
SAMPLES = (
    "you are kind and I thank you for your help",
    "this is the most stupid page that I have ever read",
    "no",
    "the source of the second table is a book of 1998 that nobody can find any more, so I took it out again "
    * 3,
)


def new_folder(path: str) -> AbstractContextManager[Path]:
    """Give a folder to fill; it gets its name at the end, and nothing of it stays after an error.

    What killed exports to the same path have left is removed first.

    Raises:
        UserError: it exists, or cannot be made.
    """
    target = Path(path.rstrip("/") or path)
    if target.exists():
        raise UserError(f"{path} exists; name a folder that does not, or remove it first")
    if not target.parent.is_dir():
        raise UserError(f"{path}: there is no folder {target.parent}; make it first")
    return _alone(target)


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[Path]:
    handle = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # The folder is locked, no file in it. Every export holds it; the only one removes what others have left.
        if _locked(handle, fcntl.LOCK_EX | fcntl.LOCK_NB):
            remove_partials(target)
        _locked(handle, fcntl.LOCK_SH)
        with atomic_folder(target) as folder:
            yield folder
    finally:
        os.close(handle)


def _locked(handle: int, how: int) -> bool:
    """Whether a lock was to be had; some file systems have none."""
    try:
        fcntl.flock(handle, how)
    except OSError:
        return False
    return True


def save_tensors(path: Path, params: PyTree) -> None:
    """Write nested parameters as safetensors, their names joined by dots."""
    leaves: list[tuple[Any, Any]] = jax.tree_util.tree_leaves_with_path(params)
    # Made contiguous: safetensors would write a view's memory as it lies.
    named = {
        jax.tree_util.keystr(place, simple=True, separator="."): np.ascontiguousarray(np.asarray(leaf))
        for place, leaf in leaves
    }
    path.write_bytes(save(named))


def save_scripts(folder: Path, encoder: Path) -> None:
    """Copy the loader, the head's arithmetic, what reads the folder, and the file of the encoder's modules."""
    for file in (*(TEMPLATES / name for name in SCRIPTS), encoder):
        shutil.copyfile(file, folder / file.name)


def save_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON file that people read, too."""
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def head_json(head: Trained) -> dict[str, Any]:
    """What the loader has to know beside what the head computes."""
    return {
        "head": head.name,
        "seed": head.seed,
        **head.task.to_json(),
        "outputs": head.task.outputs,
        "thresholds": head.thresholds,
        "max_length": head.recipe.max_length,
        "storage_dtype": head.recipe.storage_dtype,
        "padding_counts": head.recipe.layout == "padded",
        "cleaning": json.loads(head.recipe.cleaning),
        "cleaning_versions": head.recipe.cleaning_versions,
    }


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each file that is there, by its name; the loader compares those that it reads."""
    return {path.name: file_sha256(path) for path in sorted(folder.iterdir())}


def packages(recipe: Recipe) -> list[str]:
    """The releases that the folder was written with, those that clean texts among them.

    Args:
        recipe: Recipe of the features, whose texts the installed releases clean: a head is not loaded with others.
    """
    cleaners = recipe.cleaning_versions.split(", ") if recipe.cleaning_versions else []
    used = [f"{name} {version(name).partition('+')[0]}" for name in PACKAGES]  # no local build is to be had
    return used + [release for release in cleaners if not release.endswith(" absent")]


def requirements(recipe: Recipe) -> str:
    """These, as pip reads them."""
    return "".join(f"{release.replace(' ', '==')}\n" for release in packages(recipe))


def try_program(program: bytes, encoder: Any, answer: Callable[[Any], Any], recipe: Recipe) -> float:
    """Run the exported program and `predict.py`'s own on `SAMPLES`: how far their probabilities are apart, at most.

    Args:
        program: What `jax.export` has serialized.
        encoder: Cleans and tokenises.
        answer: Computes answers from tokens.
        recipe: Recipe of the features.
    """
    tokens = encoder.tokenize(SAMPLES)
    rows = split_rows(tokens.ids, tokens.lengths)
    longest = recipe.max_length if recipe.layout == "padded" else int(tokens.lengths.max())
    mask = (np.arange(longest) < tokens.lengths[:, None]).astype(np.int32)
    ids = np.full_like(mask, tokens.padding)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = row
    _, probabilities = export.deserialize(bytearray(program)).call(ids, mask)
    return float(np.abs(np.asarray(probabilities) - answer(tokens).probabilities).max())
