"""Files and folders that appear when they are whole: after an error there is what was there before, or nothing.

Also two ways to read a small file as a whole: as a JSON object, and as its hash.
"""

import contextlib
import errno
import glob
import hashlib
import io
import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.signals import deferred

PARTIAL = r"\.[0-9a-f]{16}\.partial"
"""Form of what follows the name of a file or folder as long as it is being written."""

LARGE, MOST_HOLLOW = 2**28, 1000
"""A file with more bytes is a hole if it has so many times those that are on disk."""


@contextlib.contextmanager
def atomic_file(path: str | Path) -> Iterator[IO[bytes]]:
    """A file to write, which replaces what has this path when the `with` block ends without an error.

    Until then it lies beside its place under a random name. No link is followed, neither there nor at the path.
    """
    partial = partial_path(path)
    # "x" refuses whatever has the name, links included; a name that is not ours is not removed below.
    with open(partial, "xb") as file:
        try:
            yield file
            file.close()
            os.replace(partial, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.remove(partial)
            raise


@contextlib.contextmanager
def atomic_folder(path: str | Path, replace: bool = False) -> Iterator[Path]:
    """A new folder to fill, which gets this path when the `with` block ends without an error.

    Args:
        path: path of a folder that is not there, or is empty.
        replace: whether something else at the path makes room; if not, that is an `OSError`.
    """
    partial = Path(partial_path(path))
    partial.mkdir()
    try:
        (partial / "new").mkdir()
        yield partial / "new"
        with deferred():
            if replace and os.path.lexists(path):  # a folder cannot be renamed onto another
                os.rename(path, partial / "old")
            os.rename(partial / "new", path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def sync(file: IO[bytes]) -> bool:
    """Have a file's bytes outlive a power failure; False where its file system cannot promise that."""
    file.flush()
    return sync_descriptor(file.fileno())


def sync_descriptor(descriptor: int) -> bool:
    """Likewise what an open file has of bytes, or an open folder of names."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS):
            raise
        return False
    return True


def remove_partials(path: str | Path, folders: bool = True) -> None:
    """Remove what killed writers have left beside a file, or a folder; nobody else may be writing it now."""
    for partial in glob.glob(f"{glob.escape(str(path))}.{'[0-9a-f]' * 16}.partial"):
        if os.path.isdir(partial) and not os.path.islink(partial):
            if folders:
                shutil.rmtree(partial, ignore_errors=True)
        else:
            os.remove(partial)


def read_json_object(path: str | Path, most_bytes: int = 2**26) -> dict[str, Any]:
    """Read a JSON file that holds an object.

    Raises:
        UserError: it holds something else, has more bytes, or is a pipe, a device or a hole.
    """
    try:
        content = json.loads(read_text(path, most_bytes))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not JSON ({error})") from None
    if not isinstance(content, dict):
        raise UserError(f"{path} holds no JSON object")
    return content


def file_sha256(path: str | Path) -> str:
    """SHA-256 of a file's content.

    Raises:
        UserError: it is a pipe, a device or a hole.
    """
    with open_finite(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_text(path: str | Path, most_bytes: int = 2**28) -> str:
    """Read a text file of a folder that may come from anyone.

    Raises:
        UserError: it is a pipe, a device or a hole, or has more bytes.
        ValueError: it is not UTF-8.
    """
    with open_finite(path) as file:
        if (size := os.fstat(file.fileno()).st_size) > most_bytes:
            raise UserError(f"{path} has {size:,} bytes; at most {most_bytes:,} are read")
        return file.read().decode()


def open_finite(path: str | Path) -> io.BufferedReader:
    """Open a file of a folder that may come from anyone: what has no end, or never begins, is not read.

    Raises:
        UserError: it is a pipe, a device or a hole.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):  # asked first: to open a device can have effects
        raise UserError(f"{path} is no file, but a folder, a pipe or a device")
    with contextlib.ExitStack() as stack:  # which closes it where it is refused
        file = stack.enter_context(open(path, "rb", opener=_at_once))
        refuse_hole(path, file.fileno())
        stack.pop_all()
        return file


def _at_once(path: str, flags: int) -> int:
    """An `opener` for `open` that waits for nobody at a pipe."""
    return os.open(path, flags | os.O_NONBLOCK)


def refuse_hole(path: str | Path, descriptor: int) -> None:
    """Refuse a large file of which nearly nothing is on disk: it would be read for hours, or not fit into memory.

    Raises:
        UserError: it is one.
    """
    size = os.fstat(descriptor).st_size
    if size > LARGE and (stored := _stored(descriptor, size)) < size / MOST_HOLLOW:
        raise UserError(
            f"{path} says that it has {size:,} bytes, and {stored:,} of them are there: it is a hole"
        )


def _stored(descriptor: int, size: int) -> int:
    """Bytes of a file that are no hole; counting ends where they are enough."""
    stored, at = 0, 0
    with contextlib.suppress(OSError):  # a file system that knows no holes; or nothing more is there
        while at < size and stored < size / MOST_HOLLOW:
            start = os.lseek(descriptor, at, os.SEEK_DATA)
            at = os.lseek(descriptor, start, os.SEEK_HOLE)
            stored += at - start
    os.lseek(descriptor, 0, os.SEEK_SET)
    return stored


def no_links(path: str, flags: int) -> int:
    """An `opener` for `open` that refuses a link."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)


def partial_path(path: str | Path) -> str:
    """A random path beside another, under which that is written."""
    return f"{path}.{secrets.token_hex(8)}.partial"
