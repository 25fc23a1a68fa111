"""What leads other readers of Zarr through a cache: metadata of its groups, and names of its arrays' axes."""

from typing import Any

from headstart.cache.runtime.errors import CacheError
from headstart.cache.storage.store import Store

METADATA = "zarr.json"
GROUP: dict[str, Any] = {"attributes": {}, "node_type": "group", "zarr_format": 3}
_VECTORS = ("row", "pool", "feature")
_AXES = {
    ("hidden", 2): ("token", "feature"),
    ("hidden", 3): ("row", "position", "feature"),
    ("pooled", 3): _VECTORS,
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
    """Make a folder of the cache (the empty name is the cache itself) a Zarr group."""
    store.write_json(f"{folder}/{METADATA}".lstrip("/"), GROUP)


def group_flaw(store: Store, folder: str) -> str:
    """Say what is wrong with a folder's metadata; nothing if they are a group's, or not there, as in early caches."""
    try:
        metadata = store.read_json(f"{folder}/{METADATA}".lstrip("/"))
    except CacheError as error:
        return str(error)
    return "" if metadata in (None, GROUP) else "zarr.json is not that of a Zarr group"
