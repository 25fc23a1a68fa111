"""Which files the user means."""

import glob
import os
from collections.abc import Sequence

from headstart.cache.runtime.errors import UserError
from headstart.cache.storage import file_system

ENDINGS = (".csv", ".tsv", ".parquet", ".jsonl", ".ndjson")
COMPRESSIONS = (".gz", ".zip", ".zst")
STANDARD_INPUT = "-"
HUB = "hf:"
MOST_NAMED = 60  # characters of a name made of several
_WILD = "*?["
_RESOURCES = "__MACOSX"  # Finder's folder in an archive


def expand(data: str | Sequence[str]) -> list[str]:
    """Return the single sources in order: files, `-` for standard input, data sets `hf:OWNER/NAME`.

    Raises:
        UserError: there is no such file, its ending is unknown, or one is named twice.
    """
    names = [data] if isinstance(data, str) else list(data)
    paths = [path for name in names for path in _matching(name)]
    # One that is named alone is meant; among others it is there because a pattern takes what it gets.
    paths = [path for path in paths if not is_litter(path)] or paths
    for path in paths:
        if path != STANDARD_INPUT and not path.startswith(HUB):
            ending(path)
    met: dict[str, str] = {}
    for path in paths:
        place = path if path == STANDARD_INPUT or path.startswith(HUB) else os.path.realpath(path)
        if place in met:
            known = "" if met[place] == path else f", once as {met[place]}"
            raise UserError(f"{path} is named twice{known}; its rows would count twice")
        met[place] = path
    return paths


def is_litter(path: str) -> bool:
    """Whether a file is what other programs leave among data: `__MACOSX/`, `._name`, `Thumbs.db`, `~$name`, ..."""
    *folders, name = path.replace("\\", "/").split("/")  # archives of Windows may part folders with either
    return _RESOURCES in folders or file_system.is_litter(name)


def litter_among(data: str | Sequence[str]) -> list[str]:
    """Return the files among those of a name or pattern that are no data, and are left out."""
    names = [data] if isinstance(data, str) else list(data)
    met = [path for name in names for path in _matching(name)]
    return [path for path in met if is_litter(path)] if not all(map(is_litter, met)) else []


def ending(path: str) -> str:
    """Return the ending that tells a file's format.

    Raises:
        UserError: the file is not there, or its format is unknown.
    """
    if not os.path.exists(path):
        raise UserError(f"there is no file {path}")
    if os.path.isdir(path):
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
    if os.path.exists(name) or name == STANDARD_INPUT or name.startswith(HUB):
        return [name]
    if not any(c in name for c in _WILD):
        raise UserError(f"there is no file {name}")
    if not (paths := sorted(filter(os.path.isfile, glob.glob(name, recursive=True)))):
        raise UserError(f"no file matches {name}")
    return paths
