"""A local folder, which may come from a stranger: no link in it is written through, no pipe in it is waited for."""

import contextlib
import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator

from headstart.cache.runtime.errors import CacheError, UserError
from headstart.cache.runtime.files import LARGE, atomic_file, no_links, refuse_hole, remove_partials, sync
from headstart.cache.storage.file_system import sync_folder

ABSENT = b"absent"
"""Generation of a file that is not there."""
_PROMISES = ("manifest.json", "block.json")
POLL = 0.01
OLD = 5.0  # seconds after which a guard is a killed process's: writing a small file takes thousandths of one

Names = Callable[[str], bool]
"""Whether a name is one that a cache's writer gives; that of a folder ends with a slash."""


class Folder:
    """Small files below a local folder, by their names relative to it.

    Where the system refuses, the methods raise `OSError`; where something has the name of a file and is none,
    `CacheError`.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def read(self, name: str, limit: int) -> tuple[bytes | None, bytes]:
        """Read a file and its generation; None where there is none.

        Raises:
            CacheError: it is a link, a pipe or a device, or has more bytes than the limit.
        """
        content, size = self._start(name, limit)
        if size > limit:
            raise CacheError(
                f"{self._path(name)} is larger than {limit} bytes: not a file of a feature cache"
            )
        return content, _generation(content, size)

    def generation(self, name: str, limit: int) -> bytes:
        """Return what changes whenever a file changes, be it as large as it may."""
        return _generation(*self._start(name, limit))

    def _start(self, name: str, limit: int) -> tuple[bytes | None, int]:
        """Read a file, or its start if it has more bytes than the limit; returns that and its size."""
        try:
            regular_bytes(self._path(name))  # asked first: to open a device can have effects
            descriptor = os.open(self._path(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except (FileNotFoundError, NotADirectoryError):
            return None, 0
        with open(descriptor, "rb") as file:
            content = file.read(limit + 1)
            return content, max(len(content), os.fstat(descriptor).st_size)

    def write(self, name: str, content: bytes) -> None:
        """Write a file, which appears whole and outlives a power failure."""
        folder = os.path.dirname(self._path(name))
        os.makedirs(folder, exist_ok=True)
        with atomic_file(self._path(name)) as file:
            file.write(content)
            sync(file)
        sync_folder(folder)

    def write_if(self, name: str, content: bytes | None, generation: bytes, limit: int) -> bytes | None:
        """Write (None deletes) only if the file still has this generation; returns the new one, else None."""
        if content is not None:
            os.makedirs(self.path, exist_ok=True)
        try:
            with _alone(f"{self._path(name)}.__lock"):
                if self.generation(name, limit) != generation:
                    return None
                self._replace(name, content)
        except FileNotFoundError:  # the folder is gone: so is the file
            if content is not None:
                raise
            return None
        return _generation(content, len(content or b""))

    def remove_partials(self, name: str) -> None:
        """Remove what killed writers of a file have left beside it; nobody else may be writing it now."""
        remove_partials(self._path(name), folders=False)

    def _replace(self, name: str, content: bytes | None) -> None:
        self.remove_partials(name)
        if content is None:
            with contextlib.suppress(FileNotFoundError):
                os.remove(self._path(name))
            return
        with atomic_file(self._path(name)) as file:  # not synced: a lock need not outlive a power failure
            file.write(content)

    def walk(self, folder: str = "") -> Iterator[str]:
        """Names of all that is below a folder, those of folders with a slash at the end; links are not entered."""
        waiting = [folder]
        while waiting:
            above = waiting.pop()
            for entry in _entries(self._path(above)):
                name = f"{above}/{entry.name}".lstrip("/")
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(name)
                    name += "/"
                yield name

    def sizes(self, folder: str) -> Iterator[int]:
        """Bytes of all files below a folder.

        Raises:
            CacheError: something in there is no plain file, or a hole: it could lead out, or never end.
        """
        for name in self.walk(folder):
            if not name.endswith("/"):
                yield _true_bytes(self._path(name))

    def names_of_ours(self, folder: str, is_ours: Names) -> list[str]:
        """Names of all that is below a folder, those of folders with a slash at the end.

        Raises:
            CacheError: something in it has a name that no writer of a cache gives, or is no plain file.
        """
        names = list(self.walk(folder))
        for name in names:
            if not is_ours(name) or not (name.endswith("/") or self.is_plain(name)):
                raise foreign(self.path, name)
        return names

    def delete(self, folder: str, is_ours: Names) -> None:
        """Remove a folder and all below it; what says that a cache or a block is whole goes first.

        Raises:
            CacheError: something in it has a name that no writer of a cache gives, or is no plain file; all is left.
        """
        names = self.names_of_ours(folder, is_ours)
        files = [name for name in names if not name.endswith("/")]
        for name in sorted(files, key=lambda name: not name.endswith(_PROMISES)):
            self._remove(name, os.unlink)
        for name in reversed([name.rstrip("/") for name in names if name.endswith("/")]):
            self._remove(name, os.rmdir)
        with contextlib.suppress(FileNotFoundError):
            self._remove(folder, os.rmdir) if folder else os.rmdir(self.path)

    def _remove(self, name: str, remove: Callable[..., None]) -> None:
        """Remove something that may be gone; a folder on the way that has become a link since is not entered."""
        above, _, last = name.rpartition("/")
        with contextlib.ExitStack() as stack, contextlib.suppress(FileNotFoundError):
            descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
            stack.callback(os.close, descriptor)
            for part in above.split("/") if above else ():
                flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
                descriptor = os.open(part, flags, dir_fd=descriptor)
                stack.callback(os.close, descriptor)
            remove(last, dir_fd=descriptor)

    def is_plain(self, name: str) -> bool:
        """Whether what has this name, if anything, is a file: no link, pipe or folder."""
        path = self._path(name)
        return not os.path.lexists(path) or stat.S_ISREG(os.lstat(path).st_mode)

    def _path(self, name: str) -> str:
        return os.path.join(self.path, name) if name else self.path


def foreign(location: str, name: str) -> CacheError:
    """Name something that a cache's writer did not write."""
    return CacheError(f"{location} holds {name!r}, which is not ours; move it away first")


def refuse_link(path: str) -> None:
    """Raise `CacheError` where a path's last part is a link."""
    if os.path.islink(path):
        raise CacheError(f"{path} is a link; a feature cache holds none")


def regular_bytes(path: str) -> int:
    """Size of a plain file.

    Raises:
        CacheError: it is something else.
    """
    refuse_link(path)
    status = os.lstat(path)
    if not stat.S_ISREG(status.st_mode):
        raise CacheError(f"{path} is no plain file; a feature cache holds nothing else")
    return status.st_size


def _true_bytes(path: str) -> int:
    size = regular_bytes(path)
    if size > LARGE:
        try:
            with open(path, "rb", opener=no_links) as file:
                refuse_hole(path, file.fileno())
        except UserError as error:
            raise CacheError(str(error)) from None
    return size


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _generation(content: bytes | None, size: int) -> bytes:
    if content is None:
        return ABSENT
    return hashlib.sha256(content + str(size).encode()).digest()


@contextlib.contextmanager
def _alone(guard: str) -> Iterator[None]:
    """Be alone inside the `with` block: only one process can make the guard's file, on any file system.

    It is made with O_EXCL, which follows no link, and holds nothing.
    """
    seen, since = (0, 0), time.monotonic()
    while not _make(guard):
        if (identity := _identity(guard)) != seen:
            seen, since = identity, time.monotonic()
        elif time.monotonic() - since > OLD:
            _remove(guard)
        time.sleep(POLL)
    try:
        yield
    finally:
        _remove(guard)


def _make(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    except FileExistsError:
        return False
    return True


def _identity(path: str) -> tuple[int, int]:
    try:
        regular_bytes(path)
        status = os.lstat(path)
    except FileNotFoundError:
        return (0, 0)
    return status.st_ino, status.st_mtime_ns


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.remove(path)
