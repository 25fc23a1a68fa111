"""Which cache a user means: by path, by name or its beginning, the newest, the only one."""

import json
import os
import shlex
from collections.abc import Sequence

from headstart.cache.inspect.listing import find_caches
from headstart.cache.reader import open_cache
from headstart.cache.runtime.errors import CacheError
from headstart.cache.runtime.files import read_text
from headstart.cache.runtime.text import did_you_mean, printable
from headstart.cache.storage.object_store import is_url

NEWEST = "newest"


def named_cache(name: str, root: str) -> str:
    """Path of the cache that a user names: a path, or a name as `list` prints it, which may hold escapes."""
    if is_url(name) or os.path.isdir(name):
        return name
    printed = os.path.basename(name.rstrip("/"))
    return next((path for path in _near(name, root) if _shown(path) == printed), name)


def chosen_cache(name: str | None, root: str) -> str:
    """Path of the cache to read: the only one, the newest, or one by its path, name or the beginning of its name.

    Args:
        name: What the user wrote; None for the only one there is.
        root: Folder or prefix of the caches.

    Raises:
        CacheError: none or several are meant, or it is the folder of a run.
    """
    if name is None:
        return only_cache(root)
    if name == NEWEST and not os.path.isdir(name):
        return newest(find_caches(root)) or only_cache(root)
    path = named_cache(name, root)
    if is_url(path):
        return path
    if os.path.isdir(path):
        _refuse_run(path, root)
        return path
    printed, near = os.path.basename(name.rstrip("/")), _near(name, root)
    begun = [path for path in near if printed and _shown(path).startswith(printed)]
    if len(begun) > 1:
        raise CacheError(f"{len(begun)} caches begin like {name!r}; choose one:", *_listed(begun))
    if not begun and (question := did_you_mean(printed, map(_shown, near))):
        raise CacheError(f"there is no cache {name!r}; {question}`python -m cache list` shows all")
    return begun[0] if begun else path


def newest(paths: Sequence[str], finished: bool = False) -> str:
    """The cache on disk that was finished last, or begun, where none is finished; empty if there is none.

    Args:
        paths: Caches.
        finished: Whether one that is only begun does not count.
    """

    def written(path: str) -> tuple[bool, float]:
        name = "manifest.json" if _is_finished(path) else "recipe.json"
        return _is_finished(path), os.stat(os.path.join(path, name)).st_mtime

    local = [path for path in paths if not is_url(path) and (_is_finished(path) or not finished)]
    return max(local, key=written, default="")


def _is_finished(path: str) -> bool:
    return os.path.isfile(os.path.join(path, "manifest.json"))


def only_cache(root: str) -> str:
    """Path of the one cache under `root` that can be opened; of the one there is, if none can.

    Raises:
        CacheError: there is none, or there are several; the message lists them.
    """
    paths = find_caches(root)
    if len(paths) > 1:
        paths = [path for path in paths if _opens(path)] or paths
    if not paths:
        raise CacheError(
            f"there is no feature cache under {root}; make one with `python -m extract --split all`"
        )
    if len(paths) > 1:
        raise CacheError(
            f"there are {len(paths)} caches under {root}; choose one, or --cache {NEWEST}:", *_listed(paths)
        )
    return paths[0]


def _near(name: str, root: str) -> list[str]:
    """Caches beside the path that was named, and under the root."""
    places = dict.fromkeys([os.path.dirname(name.rstrip("/")) or ".", root])
    return [path for place in places if not is_url(place) for path in find_caches(place)]


def _shown(path: str) -> str:
    return printable(os.path.basename(path))


def _listed(paths: Sequence[str]) -> list[str]:
    return [f"  {path}" for path in paths]


def _refuse_run(path: str, root: str) -> None:
    """Say which cache a run was trained on, where a run's folder was named in place of a cache's."""
    record = os.path.join(path, "results.json")
    if os.path.exists(os.path.join(path, "recipe.json")) or not os.path.isfile(record):
        return
    try:
        facts = json.loads(read_text(record))["cache"]
        places = [facts["location"], os.path.join(root, facts["name"])]
        cache = next(filter(os.path.isdir, places), "")
        hint = f"; did you mean --cache {shlex.quote(cache)}?" if cache else ""
    except (OSError, ValueError, RecursionError, KeyError, TypeError):
        hint = ""
    raise CacheError(
        f"{path} is a run of bench.py, no feature cache{hint or '; `python -m cache list` shows those'}"
    )


def _opens(path: str) -> bool:
    try:
        open_cache(path)
    except CacheError:
        return False
    return True
