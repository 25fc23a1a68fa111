"""Which files the user means, on a disk or in an object store, and how they are opened."""

import functools
import glob
import io
import os
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from headstart.cache.runtime.errors import UserError
from headstart.cache.storage import file_system
from headstart.cache.storage.object_store import HINTS, SILENCE, amazon, is_url, scheme_of

ENDINGS = (".csv", ".tsv", ".parquet", ".jsonl", ".ndjson")
COMPRESSIONS = (".gz", ".zip", ".zst")
STANDARD_INPUT = "-"
HUB = "hf:"
MOST_NAMED = 60  # characters of a name made of several
_WILD = "*?["
BUFFER = 2**16  # bytes of an object that are asked for at once, where a reader wants fewer
CONNECT = 10.0  # seconds
_RESOURCES = "__MACOSX"  # Finder's folder in an archive


def expand(data: str | Sequence[str]) -> list[str]:
    """Return the single sources in order, see `sift`."""
    return sift(data)[0]


def sift(data: str | Sequence[str]) -> tuple[list[str], list[str]]:
    """Sort what is meant from litter, see `is_litter`.

    Returns:
        The single sources in order: files, `-` for standard input, data sets `hf:OWNER/NAME`; and files that are no
        data, and are left out.

    Raises:
        UserError: there is no such file, its ending is unknown, or one is named twice.
    """
    names = [data] if isinstance(data, str) else list(data)
    paths = [path for name in names for path in _matching(name)]
    # One that is named alone is meant; among others it is there because a pattern takes what it gets.
    litter = [path for path in paths if is_litter(path)] if not all(map(is_litter, paths)) else []
    paths = [path for path in paths if path not in litter]
    for path in paths:
        if path != STANDARD_INPUT and not path.startswith(HUB):
            ending(path)
    met: dict[str, str] = {}
    for path in paths:
        named = path == STANDARD_INPUT or path.startswith(HUB) or is_url(path)
        place = path if named else os.path.realpath(path)
        if place in met:
            known = "" if met[place] == path else f", once as {met[place]}"
            raise UserError(f"{path} is named twice{known}; its rows would count twice")
        met[place] = path
    return paths, litter


def open_file(path: str) -> Any:
    """Open a file's bytes; those of an object are asked for as they are read.

    Raises:
        UserError: the object store does not give it.
        OSError: the system does not.
    """
    if not is_url(path):
        return open(path, "rb")
    try:
        system, key = _object_store(path)
        return io.BufferedReader(system.open_input_file(key), BUFFER)
    except OSError as error:
        raise _unreachable(path, error) from None


def file_size(path: str) -> int:
    """Bytes of a file, or of an object."""
    if not is_url(path):
        return os.path.getsize(path)
    system, key = _object_store(path)
    return int(system.get_file_info(key).size)


def _objects(url: str) -> list[str]:
    """URLs of the object of a name, or of those that match a pattern.

    Raises:
        UserError: there is none, or the object store does not answer.
    """
    import pyarrow.fs

    head = min((url.index(sign) for sign in _WILD if sign in url), default=None)
    try:
        system, key = _object_store(url)
        above = url[:head].rpartition("/")[0] if head is not None else url
        asked = key if head is None else pyarrow.fs.FileSelector(_object_store(above)[1], recursive=True)
        known = system.get_file_info(asked)
    except OSError as error:
        raise _unreachable(url, error) from None
    files = [info for info in ([known] if head is None else known) if info.type == pyarrow.fs.FileType.File]
    names = sorted(f"{scheme_of(url)}://{info.path}" for info in files)
    # A star does not reach over a slash, as in a folder's names.
    names = names if head is None else [name for name in names if _matches(name, url)]
    if not names:
        raise UserError(f"there is no object {url}" if head is None else f"no object matches {url}")
    return names


def _matches(name: str, pattern: str) -> bool:
    parts, patterns = name.split("/"), pattern.split("/")
    return len(parts) == len(patterns) and all(map(fnmatchcase, parts, patterns))


def _object_store(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the object's bucket and key."""
    if scheme_of(url) not in HINTS:
        raise UserError(f"{url} is no data: files, s3://BUCKET/KEY and gs://BUCKET/KEY are")
    scheme, _, key = url.partition("://")
    server = amazon()
    return _file_system(scheme, server.get("endpoint"), server.get("aws_region")), key


@functools.cache
def _file_system(scheme: str, endpoint: str | None, region: str | None) -> Any:
    import pyarrow.fs

    if scheme == "gs":
        return pyarrow.fs.GcsFileSystem()
    return pyarrow.fs.S3FileSystem(
        endpoint_override=endpoint,
        region=region,
        connect_timeout=CONNECT,
        request_timeout=SILENCE,
    )


def _unreachable(url: str, error: OSError) -> UserError:
    reason = " ".join(str(error).split())[:300]
    return UserError(f"{url} cannot be read: {reason}; {HINTS[scheme_of(url)]}")


def is_litter(path: str) -> bool:
    """Whether a file is what other programs leave among data: `__MACOSX/`, `._name`, `Thumbs.db`, `~$name`, ..."""
    *folders, name = path.replace("\\", "/").split("/")  # archives of Windows may part folders with either
    return _RESOURCES in folders or file_system.is_litter(name)


def ending(path: str) -> str:
    """Return the ending that tells a file's format.

    Raises:
        UserError: the file is not there, or its format is unknown.
    """
    if not is_url(path) and not os.path.exists(path):
        raise UserError(f"there is no file {path}")
    if not is_url(path) and os.path.isdir(path):
        raise UserError(f"{path} is not a file; for all of its files: '{os.path.join(path, '*.csv')}'")
    base, last = os.path.splitext(path.lower())
    if last in COMPRESSIONS:
        last = os.path.splitext(base)[1]
    if last not in ENDINGS:
        raise UserError(
            f"{path} has the ending {last or 'none'}; what can be read: {', '.join(ENDINGS)}, also as "
            f"{', '.join(COMPRESSIONS)}"
        )
    return last


def stem(data: str | Sequence[str]) -> str:
    """Return a name for a data set: a file's name without folders and endings."""
    names = [_stem(name) for name in ([data] if isinstance(data, str) else data)]
    if len(names) == 1:
        return names[0]
    return f"{'+'.join(names)}" if len("+".join(names)) <= MOST_NAMED else f"{names[0]}+{len(names) - 1}"


def shown(data: str | Sequence[str]) -> str:
    """Return the names of the files without folders, for people."""
    return ", ".join(os.path.basename(name) for name in ([data] if isinstance(data, str) else data))


def _stem(name: str) -> str:
    if name == STANDARD_INPUT:
        return "stdin"
    if name.startswith(HUB):
        return "".join(c if c.isalnum() or c in "-_." else "-" for c in name.removeprefix(HUB))
    name = os.path.basename(name)
    for suffix in (*COMPRESSIONS, *ENDINGS):
        name = name.removesuffix(suffix)
    return "".join(c for c in name if c not in _WILD + "]").strip("-_. ") or "data"


def _matching(name: str) -> list[str]:
    if is_url(name):
        return _objects(name)
    if os.path.exists(name) or name == STANDARD_INPUT or name.startswith(HUB):
        return [name]
    if not any(c in name for c in _WILD):
        raise UserError(f"there is no file {name}")
    if not (paths := sorted(filter(os.path.isfile, glob.glob(name, recursive=True)))):
        raise UserError(f"no file matches {name}")
    return paths
