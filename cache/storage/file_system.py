"""What a folder's file system cannot do, as far as we go on without it, and what other programs leave in folders."""

import errno
import fnmatch
import os
import tempfile
from collections.abc import Callable
from typing import Any

_NOT_SUPPORTED = {errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS}
NO_SYNC = "cannot promise that data outlive a power failure (fsync is not supported); all else is as usual"

LITTER = (
    ".DS_Store", "._*", "Icon\r", ".localized", ".nfs*", "Thumbs.db", "ehthumbs.db", "desktop.ini", ".directory",
    ".fuse_hidden*", "~$*", ".~lock.*#",
)  # fmt: skip
"""Files that Finder, NFS, Windows, KDE, FUSE and office programs leave in folders."""


def is_litter(path: str) -> bool:
    """Whether the last part of a path is a name that no user chose."""
    name = path.rpartition("/")[2].lower()
    return any(fnmatch.fnmatchcase(name, pattern.lower()) for pattern in LITTER)


def missing_support(folder: str) -> dict[str, Any]:
    """TensorStore's context that does without what a folder's file system lacks; empty where nothing is lacking."""
    with tempfile.TemporaryFile(dir=folder) as file:
        synced = _works(os.fsync, file.fileno()) and sync_folder(folder)
    return {} if synced else {"file_io_sync": False}


def sync_folder(folder: str) -> bool:
    """Have a folder's names outlive a power failure; False where its file system cannot promise that."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return _works(os.fsync, descriptor)
    finally:
        os.close(descriptor)


def _works(action: Callable[..., None], *arguments: Any) -> bool:
    try:
        action(*arguments)
    except OSError as error:
        if error.errno not in _NOT_SUPPORTED:
            raise
        return False
    return True
