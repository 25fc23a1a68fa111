"""The arrays of `predictions/`: read without a surprise, and held against the task."""

import os
import zipfile
from collections.abc import Mapping

import numpy as np

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.files import open_finite
from headstart.cache.task import Task


def read_arrays(path: str) -> dict[str, np.ndarray]:
    """Read an NPZ file; nothing in it is executed, or takes more memory than the file is large.

    Raises:
        OSError: it cannot be read.
        ValueError: it is damaged, or no file that `numpy.savez` writes.
    """
    try:
        with open_finite(path) as file:
            require_plain(file.fileno(), zipfile.ZipFile(file))
            file.seek(0)
            with np.load(file, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays.files}
    except OSError:
        raise
    except UserError as error:
        raise ValueError(str(error)) from None
    except Exception as error:  # NumPy and zipfile raise a dozen kinds over damaged bytes
        raise ValueError(f"{type(error).__name__}: {error}") from None


def require_plain(descriptor: int, archive: zipfile.ZipFile) -> None:
    """Refuse an archive whose members are larger than itself.

    Raises:
        ValueError: they are.
    """
    members = archive.infolist()
    if sum(member.file_size for member in members) > os.fstat(descriptor).st_size:
        raise ValueError("its arrays are larger than the file")
    for member in members:
        with archive.open(member) as file:
            version = np.lib.format.read_magic(file)
            read = (
                np.lib.format.read_array_header_1_0
                if version == (1, 0)
                else np.lib.format.read_array_header_2_0
            )
            shape, _, dtype = read(file)
        if int(np.prod(shape, dtype=object)) * dtype.itemsize > member.file_size:
            raise ValueError(f"{member.filename} says that it is larger than it is")


def require_arrays(task: Task, arrays: Mapping[str, np.ndarray], repeated: bool = False) -> None:
    """Hold a split's arrays against the task.

    Args:
        task: Kind and classes.
        arrays: `labels`, `rows`, and the logits of each `<head>/<seed>`.
        repeated: Whether a row may stand there more than once: several folds can validate on it.

    Raises:
        ValueError: one is missing, or of another type, shape or range.
    """
    labels, rows = arrays.get("labels"), arrays.get("rows")
    if labels is None or rows is None or labels.dtype.kind != "i" or rows.dtype.kind != "i":
        raise ValueError("labels or rows are missing, or no whole numbers")
    twice = not repeated and len(np.unique(rows)) != len(rows)
    if rows.ndim != 1 or twice or labels.shape != task.label_shape(len(rows)):
        raise ValueError("labels and rows do not fit together")
    if labels.size and not 0 <= labels.min() <= labels.max() <= task.highest_label:
        raise ValueError(f"a label is outside the task's {len(task.classes)} classes")
    for name, logits in arrays.items():
        if name not in ("labels", "rows") and (
            logits.dtype.kind != "f" or logits.shape != (len(rows), task.outputs)
        ):
            raise ValueError(f"{name} holds no logits of {len(rows)} rows and {task.outputs} outputs")
