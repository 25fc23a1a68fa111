"""A head's best and last parameters on disk."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import jax
import orbax.checkpoint as ocp
from jaxtyping import PyTree

from headstart.cache.runtime.files import atomic_folder, remove_partials

Which = Literal["best", "last"]


def save(folder: Path | str, which: Which, params: PyTree) -> None:
    """Write parameters to `folder/which`, in place of what was there.

    They are written beside it and renamed when complete: whatever interrupts the writing, what was there
    stays, and nothing looks finished that is not.

    Args:
        folder: Folder of one head; created if it does not exist.
        which: `best` or `last`.
        params: Arrays in nested dicts.
    """
    path = Path(folder).absolute() / which
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_partials(path)
    with atomic_folder(path, replace=True) as new, ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(new, params, force=True)  # the folder is there already


def restore(folder: Path | str, which: Which, target: PyTree) -> PyTree:
    """Read parameters from `folder/which` to the first local device.

    Args:
        folder: Folder of one head.
        which: `best` or `last`.
        target: Arrays, or `jax.ShapeDtypeStruct`, of the shapes and types to read.

    Raises:
        FileNotFoundError: there is no such checkpoint.
        ValueError: it holds other parameters, shapes or types than `target`.
    """
    path = Path(folder).absolute() / which
    if not path.is_dir():
        raise FileNotFoundError(f"there is no checkpoint at {path}; train the head with `python bench.py`")
    with ocp.StandardCheckpointer() as checkpointer:
        require_same(kinds(checkpointer.metadata(path).item_metadata.tree), kinds(target), path)
        return checkpointer.restore(path, placed(target))


def placed(target: PyTree) -> PyTree:
    """The target's shapes and types, on the first local device."""
    # without it Orbax asks for the device that wrote the checkpoint, which another machine does not have
    where = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=where), target)


def kinds(params: PyTree) -> dict[str, str]:
    """Type and shape of each parameter by its path, such as `{"dense/bias": "float32[1]"}`."""
    leaves: list[tuple[Any, Any]] = jax.tree.leaves_with_path(params)
    return {
        jax.tree_util.keystr(path, simple=True, separator="/"): f"{leaf.dtype}{list(leaf.shape)}"
        for path, leaf in leaves
    }


def require_same(stored: Mapping[str, str], expected: Mapping[str, str], path: Path) -> None:
    """Compare the kinds of what a checkpoint holds with those of what is to be read from it.

    Raises:
        ValueError: they differ; names each parameter that does.
    """
    differences = [
        f"{name}: found {stored.get(name, 'none')}, wanted {expected.get(name, 'none')}"
        for name in sorted({*stored, *expected})
        if stored.get(name) != expected.get(name)
    ]
    if differences:
        raise ValueError(f"the checkpoint {path} is of another head or width; " + "; ".join(differences))
