"""One `bench.py` at a time in a run's folder."""

import contextlib
import errno
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from filelock import lock_descriptor

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.files import atomic_file, read_text
from headstart.cache.storage.lock import owner_line

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NAME = "lock.json"
"""Says who holds the folder, for people: what counts is the system's lock, which ends with its process."""


@contextlib.contextmanager
def held(folder: str) -> Iterator[None]:
    """Hold a folder as long as the `with` block lasts, and say what to do where it cannot be written.

    Raises:
        UserError: another process holds it, or there is no room.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _take(descriptor, folder)
        with atomic_file(os.path.join(folder, NAME)) as file:
            file.write(json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode())
        try:
            yield
        finally:
            Path(folder, NAME).unlink(missing_ok=True)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise UserError(
            f"{folder} cannot be written ({os.strerror(error.errno)}); make room: the same command then goes on"
        ) from None
    finally:
        os.close(descriptor)


def _take(descriptor: int, folder: str) -> None:
    with contextlib.suppress(OSError):  # a file system without locks: as before there were any
        if not lock_descriptor(descriptor, blocking=False):
            raise UserError(
                f"{folder} is being written by {_holder(folder)}; wait for it, or choose another --out"
            )


def _holder(folder: str) -> str:
    """Who holds a folder, in words."""
    try:
        owner = json.loads(read_text(Path(folder, NAME)))
    except (OSError, ValueError, RecursionError, UserError):
        owner = None
    return owner_line(owner) if isinstance(owner, dict) else "another process"
