"""Room on the disk, before the backbone starts and while it runs."""

import os
import shutil

from cache.errors import UserError
from cache.listing import readable

MARGIN = 1.02  # JSON files, and the last block of every file on the file system


def check_space(location: str, needed: int) -> None:
    """Refuse to start what cannot end.

    Args:
        location: where the cache will lie; an object store has no end.
        needed: bytes of the arrays still to be written.

    Raises:
        UserError: the disk has less room.
    """
    if "://" in location:
        return
    free = shutil.disk_usage(_existing(location)).free
    if free < needed * MARGIN:
        raise UserError(
            f"{location} needs {readable(needed * MARGIN)}, but its disk has {readable(free)} free; "
            "make room, or choose another --cache-dir"
        )


def is_full(error: Exception) -> bool:
    """Whether a failed write failed for want of room."""
    return any(words in str(error) for words in ("No space left", "Disk quota", "RESOURCE_EXHAUSTED"))


def _existing(path: str) -> str:
    """Return the nearest folder on the way to a path that exists."""
    path = os.path.abspath(path)
    while not os.path.isdir(path):
        path = os.path.dirname(path)
    return path
