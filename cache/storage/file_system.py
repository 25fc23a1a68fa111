"""What a folder's file system cannot do, as far as we go on without it, and what other programs leave in folders."""

import errno
import fcntl
import fnmatch
import os
import tempfile
from collections.abc import Callable
from typing import Any

_NOT_SUPPORTED = {errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.ENOLCK}
NO_SYNC = "cannot promise that data outlive a power failure (fsync is not supported); all else is as usual"

LITTER = (".DS_Store", "._*", ".nfs*", "Thumbs.db", "desktop.ini", ".directory", ".fuse_hidden*")
"""Files that Finder, NFS, Windows, KDE and FUSE leave in folders."""


def is_litter(path: str) -> bool:
    """Whether the last part of a path is a name that no user chose."""
    name = path.rpartition("/")[2].lower()
    return any(fnmatch.fnmatchcase(name, pattern.lower()) for pattern in LITTER)


def missing_support(folder: str) -> dict[str, Any]:
    """TensorStore's context that does without what a folder's file system lacks; empty where nothing is lacking.

    Locks of TensorStore's, each around the writing of one file, become files that only one can make.
    """
    context: dict[str, Any] = {}
    with tempfile.TemporaryFile(dir=folder) as file:
        if not (_works(os.fsync, file.fileno()) and _works(_sync_folder, folder)):
            context["file_io_sync"] = False
        if not (_works(_lock, file.fileno()) and _works(_lock_record, file.fileno())):
            context["file_io_locking"] = {"mode": "lockfile"}
    return context


def _works(action: Callable[..., None], *arguments: Any) -> bool:
    try:
        action(*arguments)
    except OSError as error:
        if error.errno not in _NOT_SUPPORTED:
            raise
        return False
    return True


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lock(file: int) -> None:
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(file, fcntl.LOCK_UN)


def _lock_record(file: int) -> None:
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.lockf(file, fcntl.LOCK_UN)
