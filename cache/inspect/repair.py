"""Mend a cache: drop what is damaged, so that `python -m extract` computes that and nothing else."""

import os

from headstart.cache.inspect.listing import find_caches
from headstart.cache.inspect.verify import Problem
from headstart.cache.names import is_ours
from headstart.cache.reader import Cache
from headstart.cache.runtime.errors import UserError
from headstart.cache.storage.groups import group_flaw, write_group
from headstart.cache.storage.lock import Lock, held, owner_line
from headstart.cache.storage.object_store import is_url
from headstart.cache.storage.store import Store


def damaged_blocks(problems: list[Problem]) -> list[str]:
    """Names of the blocks that problems concern, such as `train/00001`, sorted."""
    return sorted({f"{at.split}/{at.block}" for at in problems if at.block and at.kind != "group"})


def damaged_units(problems: list[Problem]) -> list[str]:
    """What problems there are with what workers wrote of their units."""
    return [at.detail for at in problems if at.kind == "unit"]


def drop_blocks(cache: Cache, blocks: list[str]) -> list[str]:
    """Remove blocks, which the manifest goes on to promise; returns the names of their splits.

    The same `extract` command for these splits then computes the dropped blocks again. The cache's lock is held.

    Raises:
        CacheError: a block is a link, or holds one, or a file that is somebody's.
    """
    damaged = {name.split("/")[0] for name in blocks}
    with held(cache.store, lambda line: None):
        for name in blocks:
            cache.store.delete_folder(name, is_ours)
    return [split for split in cache.manifest.splits if split in damaged]


def mend_groups(cache: Cache) -> list[str]:
    """Write the metadata of Zarr groups that are damaged, or not there, as in early caches; names of their folders."""
    dropped = set(cache.manifest.absent(cache.store))
    blocks = {f"{split}/{record.name}" for split, record in cache.manifest.blocks()} - dropped
    folders = ["", *cache.manifest.splits, *sorted(blocks)]
    flawed = [folder for folder in folders if group_flaw(cache.store, folder)]
    if flawed:
        with held(cache.store, lambda line: None):
            for folder in flawed:
                write_group(cache.store, folder)
    return flawed


def remove_cache(location: str) -> None:
    """Remove a cache, finished or not.

    Raises:
        UserError: it is no cache, holds files of someone else, or is being written; all of it is left.
    """
    location = location.rstrip("/") if is_url(location) else os.path.abspath(location)
    if location not in find_caches(os.path.dirname(location)) or os.path.islink(location):
        raise UserError(f"{location} is no feature cache; `python -m cache list` shows them")
    store = Store(location)
    store.refuse_foreign("", is_ours)  # before the lock, which writes
    _check_idle(store)
    store.delete_all(is_ours)


def _check_idle(store: Store) -> None:
    store.make_folder()  # it is there: this says whether it can be written
    if (lock_file := Lock(store).try_acquire()) is not None:
        raise UserError(
            f"{store.location} is being written by {owner_line(lock_file.owner)}; stop that first, or remove its "
            "lock.json if that is over"
        )
