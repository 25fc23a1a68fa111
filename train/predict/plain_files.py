"""Files under a fixed name, which anyone may have put there: only an ordinary file of the user's is opened."""

import os
import stat
from typing import IO

from headstart.cache.runtime.errors import UserError


def open_plain(path: str) -> IO[bytes]:
    """Open a file to append to, or make it; neither a link nor a pipe is followed, nor is what has a second name.

    Raises:
        UserError: something else is there.
    """
    flags = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        return os.fdopen(os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666), "a+b")
    except FileExistsError:
        return _opened(path, flags, "a+b")


def read_plain(path: str, most: int) -> bytes | None:
    """The first bytes of such a file; None if nothing is there.

    Raises:
        UserError: something else is there.
    """
    if not os.path.lexists(path):
        return None
    with _opened(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, "rb") as file:
        return file.read(most)


def _opened(path: str, flags: int, mode: str) -> IO[bytes]:
    _check(path, os.lstat(path))
    file = os.fdopen(os.open(path, flags), mode)
    try:
        _check(path, os.fstat(file.fileno()))  # what it is may have changed since
    except UserError:
        file.close()
        raise
    return file


def _check(path: str, status: os.stat_result) -> None:
    if reason := _flaw(status):
        raise UserError(f"{path} is in the way: {reason}; remove it, or choose another --output")


def _flaw(status: os.stat_result) -> str | None:
    """Why something is no ordinary file of the user's; None if it is one."""
    if stat.S_ISLNK(status.st_mode):
        return "it is a link"
    if not stat.S_ISREG(status.st_mode):
        return "it is no ordinary file"
    if status.st_nlink > 1:
        return "it is a second name of another file"
    if status.st_uid != os.geteuid():
        return "it is another user's"
    return None
