"""One folder or object-store prefix, seen through TensorStore, and the small JSON files in it."""

import contextlib
import json
import os
import re
from collections.abc import Callable, Iterable
from typing import Any

import tensorstore as ts

from headstart.cache.runtime.errors import CacheError
from headstart.cache.storage.file_system import NO_SYNC, missing_support
from headstart.cache.storage.folder import Folder, Names, foreign, refuse_link
from headstart.cache.storage.object_store import (
    FIRST_ANSWER,
    HINTS,
    PATIENT,
    QUICK,
    check_location,
    is_url,
    object_spec,
    retries,
    scheme_of,
)

LARGE_JSON = 64 * 2**20  # bytes; the manifest of a hundred thousand blocks is below it
LARGE_FILES = ("manifest.json", "unit.json")
SMALL_JSON = 2**20  # bytes; all other JSON files
BYTES_PER_VALUE = 16
"""Fewest bytes of a large JSON file for each value in it, which takes a hundred in memory; our own have more."""
STAGED: dict[str, Any] = {"file_io_locking": {"mode": "none"}}
"""TensorStore's context for a folder. In its other modes it opens NAME.__lock, wherever a link of that name leads."""

_DETAILS = re.compile(r" \[(?:source|os_error|http_|x-amz|curl_)")  # what TensorStore adds for its developers


class StorageError(CacheError):
    """A location that cannot be read or written."""

    def __init__(self, location: str, error: Exception) -> None:
        reason = (str(error) or type(error).__name__).replace("\0", "")
        reason = _DETAILS.split(reason)[0].splitlines()[0]
        hint = HINTS.get(scheme_of(location))
        super().__init__(f"{location} cannot be read or written: {reason}" + (f"; {hint}" if hint else ""))


class Store:
    """Files below one location: a local folder, or a URL that TensorStore knows (`gs://`, `s3://`).

    In a folder TensorStore writes arrays alone: each file under a random name, which it renames.
    """

    def __init__(self, location: str) -> None:
        check_location(location)
        self.location = location.rstrip("/")
        self.local = not is_url(location)
        self.remark = ""
        self._folder = Folder(self.location) if self.local else None
        self.context = ts.Context(STAGED if self.local else retries(PATIENT))
        if not self._folder:
            self._root = self._done(ts.KvStore.open, self._root_spec(), context=self.context)
            self._check_reachable()

    @property
    def name(self) -> str:
        """The last part of the location: the cache's name."""
        return os.path.basename(os.path.abspath(self.location))

    def read_json(self, name: str) -> dict[str, Any] | None:
        """Read a JSON object; None where there is no such file.

        Raises:
            CacheError: the file is too large, or holds no JSON object.
        """
        return self.read_versioned(name)[0]

    def read_versioned(self, name: str) -> tuple[dict[str, Any] | None, bytes]:
        """Read a JSON object together with its generation, which every write changes; see `write_if`."""
        if self._folder:
            content, generation = self._done(self._folder.read, name, _limit(name))
        else:
            answer = self._done(self._root.read, name)
            content = answer.value if answer.state == "value" else None
            generation = answer.stamp.generation
        return None if content is None else _parse(content, self.path(name)), generation

    def generation(self, name: str) -> bytes:
        """Return a file's generation, whatever it holds."""
        if self._folder:
            return bytes(self._done(self._folder.generation, name, _limit(name)))
        return bytes(self._done(self._root.read, name).stamp.generation)

    def make_folder(self) -> None:
        """Make a local folder, if it is not there, that can be written.

        Raises:
            CacheError: the system refuses, or it is a link.
        """
        if not self.local:
            return
        refuse_link(os.path.abspath(self.location))
        try:
            os.makedirs(self.location, exist_ok=True)
        except FileExistsError:
            # Unless another process has removed it in the meantime, empty: then the first file makes it.
            if os.path.lexists(self.location) and not os.path.isdir(self.location):
                raise _unwritable(self.location, "it is no folder") from None
        except OSError as error:
            raise _unwritable(self.location, f"{error.strerror}: {error.filename}") from None
        # Asked twice: a folder that is just not there cannot be written either.
        if not _may_write(self.location) and os.path.isdir(self.location) and not _may_write(self.location):
            raise _unwritable(self.location, "you may not")
        self._adapt()

    def _adapt(self) -> None:
        """Do without what the folder's file system lacks; `remark` is a line for people where that costs something."""
        with contextlib.suppress(OSError):  # a full disk, a folder that is gone: the first write says so
            if lacking := missing_support(self.location):
                self.context = ts.Context(STAGED | lacking)
                self.remark = f"{self.location} {NO_SYNC}"

    def write_json(self, name: str, value: dict[str, Any]) -> None:
        """Write a JSON object; it appears whole or not at all (a file is renamed, an object is put)."""
        self._refuse_links(name)
        self._done(self._folder.write if self._folder else self._root.write, name, _text(value))

    def write_if(self, name: str, value: dict[str, Any] | None, generation: bytes) -> bytes | None:
        """Write (None deletes) only if the file still has this generation; returns the new one, else None."""
        text = None if value is None else _text(value)
        if self._folder:
            written: bytes | None = self._done(self._folder.write_if, name, text, generation, _limit(name))
            return written
        stamp = self._done(self._root.write, name, text, if_equal=generation)
        return stamp.generation or None

    def delete_folder(self, name: str, is_ours: Names = lambda name: True) -> None:
        """Remove a folder and all that is in it.

        Args:
            name: the folder.
            is_ours: whether the writer of a cache gives such a name, relative to the location.

        Raises:
            CacheError: something in there is not ours, or no plain file; or the folder, or one on the way to it, is a
                link: it may lead to someone else's files. Nothing is removed.
        """
        self._refuse_links(name)
        if self._folder:
            self._done(self._folder.delete, name, is_ours)
        else:
            self.refuse_foreign(name, is_ours)
            self._done(self._root.delete_range, _below(name))

    def delete_all(self, is_ours: Names = lambda name: True) -> None:
        """Remove everything, the manifest first, as `delete_folder` does."""
        if self._folder:
            self._done(self._folder.delete, "", is_ours)
        else:
            self.refuse_foreign("", is_ours)
            self.delete_file("manifest.json")
            self._done(self._root.delete_range, ts.KvStore.KeyRange())

    def refuse_foreign(self, folder: str, is_ours: Names) -> None:
        """Raise `CacheError` where `delete_folder` would."""
        if self._folder:
            self._done(self._folder.names_of_ours, folder, is_ours)
        elif foreigners := [name for name in self.files(folder) if not is_ours(name)]:
            raise foreign(self.location, foreigners[0])

    def delete_file(self, name: str) -> None:
        """Remove a file, if it is there."""
        if self.local:
            with contextlib.suppress(FileNotFoundError):
                os.remove(os.path.join(self.location, name))
        else:
            self._done(self._root.write, name, None)

    def remove_partials(self, name: str) -> None:
        """Remove what killed writers of a local file have left beside it; nobody else may be writing it now."""
        if self._folder:
            self._done(self._folder.remove_partials, name)

    def remove_if_empty(self) -> None:
        """Remove a local folder in which nothing was written."""
        if self.local:
            with contextlib.suppress(OSError):
                os.rmdir(self.location)

    def files(self, folder: str = "") -> list[str]:
        """Names of all files below a folder, sorted."""
        if self._folder:
            names = self._done(list, self._folder.walk(folder))
            return sorted(name for name in names if not name.endswith("/"))
        keys = _below(folder) if folder else ts.KvStore.KeyRange()
        return sorted(key.decode(errors="replace") for key in self._done(self._root.list, keys))

    def is_plain(self, name: str) -> bool:
        """Whether what has this name, if anything, is a file: no link, pipe or folder."""
        return not self._folder or self._folder.is_plain(name)

    def exists(self, name: str) -> bool:
        """Whether there is a file of this name, whatever it holds."""
        if self.local:
            return os.path.exists(os.path.join(self.location, name))
        return bool(self._done(self._root.read, name).state == "value")

    def present(self, names: Iterable[str]) -> set[str]:
        """Which files of these names are there; on an object store, a listing says so."""
        return {name for name in names if self.exists(name)} if self.local else set(names) & set(self.files())

    def path(self, name: str) -> str:
        """Path or URL of a file, for messages."""
        return f"{self.location}/{name}"

    def kvstore(self, name: str) -> dict[str, Any]:
        """TensorStore's JSON for the files below a folder, none of which is reached through a link."""
        self._refuse_links(name)
        # Not from the open store: its JSON leaves out where its credentials come from.
        root = self._root_spec()
        return {**root, "path": f"{root['path']}{name}/"}

    def local_bytes(self, name: str) -> int | None:
        """Bytes of all files below a folder; None on an object store.

        Raises:
            CacheError: something in there is a link, a pipe or a device: it could lead out, or never end.
        """
        if not self._folder:
            return None
        self._refuse_links(name)
        sizes: list[int] = self._done(list, self._folder.sizes(name))
        return sum(sizes)

    def _check_reachable(self) -> None:
        """Ask for a short list: reading would take a bucket that is not there for an empty one."""
        root = self._done(ts.KvStore.open, self._root_spec(), context=ts.Context(retries(QUICK)))
        only = ts.KvStore.KeyRange("recipe.json", "recipe.json\0")
        try:
            root.list(only).result(timeout=FIRST_ANSWER)
        except TimeoutError:
            silent = OSError(f"no answer within {FIRST_ANSWER:.0f} s")
            raise StorageError(self.location, silent) from None
        except (ValueError, OSError, RuntimeError) as error:
            raise StorageError(self.location, error) from None

    def _done(self, action: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Do something, and wait if it is TensorStore that does it."""
        try:
            answer = action(*arguments, **options)
            return answer.result() if isinstance(answer, ts.Future) else answer
        except (ValueError, OSError, RuntimeError) as error:  # RuntimeError: a name that is not UTF-8
            raise StorageError(self.location, error) from None

    def _root_spec(self) -> dict[str, Any]:
        """Return TensorStore's name for the location; a path is no URL, it may hold any character."""
        if not self.local:
            return object_spec(self.location)
        return {"driver": "file", "path": os.path.abspath(self.location) + "/"}

    def _refuse_links(self, name: str) -> None:
        folder = self.location
        for part in name.split("/") if self.local else ():
            refuse_link(folder := os.path.join(folder, part))


def _may_write(folder: str) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)


def _unwritable(location: str, reason: str) -> CacheError:
    return CacheError(f"nothing can be written to {location} ({reason}): choose another folder, or mend that")


def _limit(name: str) -> int:
    """Most bytes of a JSON file."""
    return LARGE_JSON if name.endswith(LARGE_FILES) else SMALL_JSON


def _parse(text: bytes, path: str) -> dict[str, Any]:
    values = sum(map(text.count, (b",", b"[", b"{")))
    if len(text) > SMALL_JSON and values * BYTES_PER_VALUE > len(text):
        raise CacheError(f"{path} holds {values:,} values: not a file of a feature cache")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CacheError(f"{path} is not JSON ({error})") from None
    if not isinstance(value, dict):
        raise CacheError(f"{path} holds no JSON object")
    return value


def _text(value: dict[str, Any]) -> bytes:
    return json.dumps(value, indent=1, allow_nan=False).encode() + b"\n"


def _below(folder: str) -> ts.KvStore.KeyRange:
    """Return the range of all keys below a folder; "0" is the character after "/"."""
    return ts.KvStore.KeyRange(f"{folder}/", f"{folder}0")
