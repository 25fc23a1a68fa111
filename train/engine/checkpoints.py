"""A head's best and last parameters on disk, and their SHA-256, by which damage is seen."""

import contextlib
import hashlib
import json
import math
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import jax
import numpy as np
import orbax.checkpoint as ocp
import tensorstore as ts
from jaxtyping import PyTree

from headstart.cache.recipe import canonical_json
from headstart.cache.runtime.files import atomic_folder, remove_partials
from headstart.cache.runtime.text import printable
from headstart.cache.storage.store import StorageError, Store
from headstart.train.engine.orbax_noise import hush_orbax

Which = Literal["best", "last"]
MOST_COMPRESSED, MOST_BYTES = 100, 2**28
"""Arrays larger than so many times their files, and than so many bytes, are not read: weights hardly shrink."""
_ARRAY = "/.zarray"
_OS_ERROR = re.compile(r"\[os_error_code='(\d+)'\]")


def save(folder: Path | str, which: Which, params: PyTree) -> None:
    """Write parameters to `folder/which`, in place of what was there.

    They are written beside it and renamed when complete: whatever interrupts the writing, what was there
    stays, and nothing looks finished that is not.

    Args:
        folder: Folder of one head; created if it does not exist.
        which: `best` or `last`.
        params: Arrays in nested dicts.

    Raises:
        OSError: they cannot be written.
        StorageError: likewise.
    """
    path = Path(folder).absolute() / which
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_partials(path)
    with atomic_folder(path, replace=True) as new:
        write_arrays(new, params)


def restore(folder: Path | str, which: Which, target: PyTree, digest: str | None = None) -> PyTree:
    """Read parameters from `folder/which` to the first local device.

    Args:
        folder: Folder of one head.
        which: `best` or `last`.
        target: Arrays, or `jax.ShapeDtypeStruct`, of the shapes and types to read.
        digest: What `digest_of` said of the parameters when they were written; None where nothing is known.

    Raises:
        FileNotFoundError: there is no such checkpoint.
        ValueError: it holds other parameters, shapes or types than `target`, or others than were written.
        StorageError: it cannot be read.
    """
    path = Path(folder).absolute() / which
    if not path.is_dir():
        raise FileNotFoundError(f"there is no checkpoint at {path}; train the head with `python bench.py`")
    params = read_arrays(path, target)
    require_digest(str(path), digest_of(params), digest)
    return jax.device_put(params, jax.local_devices()[0])


def digest_of(params: PyTree) -> str:
    """SHA-256 of arrays: the name, type, shape and bytes of each, in the order of their names."""
    digest = hashlib.sha256()
    for name, leaf in sorted(_named(params).items()):
        array = np.asarray(leaf)
        digest.update(canonical_json([name, str(array.dtype), list(array.shape)]).encode() + b"\n")
        digest.update(array.tobytes())
    return digest.hexdigest()


def require_digest(what: str, stored: str, expected: str | None) -> None:
    """Compare the SHA-256 of what was read with that of what was written, if that is known.

    Raises:
        ValueError: they differ.
    """
    if expected is not None and stored != expected:
        raise ValueError(f"the SHA-256 of {what} is {stored[:16]}, and {expected[:16]} was written")


def write_arrays(path: Path, arrays: PyTree) -> None:
    """Write arrays with Orbax to a folder that is empty or not there.

    Raises:
        OSError: they cannot be written.
        StorageError: likewise.
    """
    hush_orbax()
    with _in_words(path), ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(path, arrays, force=True)  # the folder may be there already
    # It says that all is written, and where to, which is nobody's business; without it Orbax reads as well.
    (path / "commit_success.txt").unlink(missing_ok=True)


def read_arrays(path: Path, target: PyTree | None = None) -> PyTree:
    """Read arrays that `write_arrays` wrote, as NumPy's.

    TensorStore reads them: of a damaged folder Orbax logs pages, and allocates what its metadata say.

    Args:
        path: The folder.
        target: Arrays, or `jax.ShapeDtypeStruct`, of the shapes and types to read; None takes whatever is there, by
            its name.

    Raises:
        ValueError: it holds other arrays, shapes or types.
        StorageError: it cannot be read, or holds links.
    """
    with _in_words(path):
        stored = _open(path)
    if target is not None:
        there = {name: _kind(array.dtype.name, array.shape) for name, array in stored.items()}
        require_same(there, kinds(target), path)
    with _in_words(path):
        arrays = {name: array.read().result() for name, array in stored.items()}
    return arrays if target is None else jax.tree.map_with_path(lambda place, _: arrays[_name(place)], target)


def _open(path: Path) -> dict[str, ts.TensorStore]:
    """Open all arrays of a folder, and refuse those that its files cannot hold."""
    folder = Store(str(path.parent))
    size = folder.local_bytes(path.name) or 0  # refuses links, which lead out, and pipes, which never end
    base = {"driver": "ocdbt", "base": folder.kvstore(path.name)}
    files = ts.KvStore.open(base).result()
    keys = [key.decode() for key in files.list().result()]
    names = [key.removesuffix(_ARRAY) for key in keys if key.endswith(_ARRAY)]
    most = sum(_bytes(files.read(name + _ARRAY).result().value) for name in names)
    if most > max(MOST_BYTES, MOST_COMPRESSED * size):
        raise ValueError(f"its {size:,} bytes say that they are {most:,}")
    specs = {name: {"driver": "zarr", "kvstore": {**base, "path": f"{name}/"}} for name in names}
    return {printable(name).replace(".", "/"): ts.open(spec).result() for name, spec in specs.items()}


def _bytes(metadata: bytes) -> int:
    """Bytes of the memory that an array takes, by its .zarray: a chunk can be larger than its array.

    Raises:
        ValueError: it does not say.
    """
    try:
        fields = json.loads(metadata)
        dtype, shapes = np.dtype(fields["dtype"]), (fields["shape"], fields["chunks"])
        sizes = [size for shape in shapes for size in shape]
    except (TypeError, KeyError, RecursionError, ValueError):
        raise ValueError("an array's .zarray is not what Orbax writes") from None
    if dtype.kind not in "biufcV" or not all(type(size) is int and size >= 0 for size in sizes):
        raise ValueError("an array's .zarray has a type or a shape that Orbax does not write")
    return int(max(map(math.prod, shapes)) * dtype.itemsize)


def kinds(params: PyTree) -> dict[str, str]:
    """Type and shape of each parameter by its path, such as `{"dense/bias": "float32[1]"}`."""
    return {name: _kind(leaf.dtype, leaf.shape) for name, leaf in _named(params).items()}


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


def _named(params: PyTree) -> dict[str, Any]:
    leaves: list[tuple[Any, Any]] = jax.tree.leaves_with_path(params)
    return {_name(path): leaf for path, leaf in leaves}


def _name(path: Any) -> str:
    return jax.tree_util.keystr(path, simple=True, separator="/")


def _kind(dtype: Any, shape: Any) -> str:
    return f"{dtype}{list(shape)}"


@contextlib.contextmanager
def _in_words(path: Path) -> Iterator[None]:
    """Say in a line what TensorStore says in many."""
    try:
        yield
    except (ValueError, RuntimeError) as error:
        if code := _OS_ERROR.search(str(error)):
            raise OSError(int(code[1]), os.strerror(int(code[1])), str(path)) from None
        raise StorageError(str(path), error) from None
