"""What a folder's file system cannot do, as far as we go on without it, and what other programs leave in folders."""

import fnmatch
import os
import tempfile
from typing import Any

from headstart.cache.runtime.files import sync_descriptor

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
        synced = sync_descriptor(file.fileno()) and sync_folder(folder)
    return {} if synced else {"file_io_sync": False}


def sync_folder(folder: str) -> bool:
    """Have a folder's names outlive a power failure; False where its file system cannot promise that."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return sync_descriptor(descriptor)
    finally:
        os.close(descriptor)
