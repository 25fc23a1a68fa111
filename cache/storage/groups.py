"""What leads other readers of Zarr through a cache: metadata of its groups, and names of its arrays' axes."""

from typing import Any

from headstart.cache.runtime.errors import CacheError
from headstart.cache.storage.store import Store

METADATA = "zarr.json"
GROUP: dict[str, Any] = {"attributes": {}, "node_type": "group", "zarr_format": 3}
_AXES = {
    ("hidden", 2): ("token", "feature"),
    ("hidden", 3): ("row", "position", "feature"),
    ("pooled", 3): ("row", "pool", "feature"),
    ("layers", 4): ("row", "state", "pool", "feature"),
    ("texts", 1): ("byte",),
    ("labels", 1): ("row",),
    ("labels", 2): ("row", "class"),
    ("lengths", 1): ("row",),
    ("rows", 1): ("row",),
    ("groups", 1): ("row",),
}


def axis_names(array: str, rank: int) -> list[str] | None:
    """Names of an array's axes, by which xarray knows which arrays of a block belong together; None if it has none."""
    names = _AXES.get((array.rpartition("/")[2], rank))
    return list(names) if names else None


def write_group(store: Store, folder: str) -> None:
    """Make a folder of the cache (the empty name is the cache itself) a Zarr group; the cache's lock is held."""
    store.remove_partials(_file(folder))
    store.write_json(_file(folder), GROUP)


def group_flaw(store: Store, folder: str) -> str:
    """Say why a folder is no Zarr group; nothing if it is one."""
    try:
        metadata = store.read_json(_file(folder))
    except CacheError as error:
        return str(error)
    missing = "there is no zarr.json" if metadata is None else "zarr.json is not that of a Zarr group"
    return "" if metadata == GROUP else missing


def _file(folder: str) -> str:
    return f"{folder}/{METADATA}".lstrip("/")
