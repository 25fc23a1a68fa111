"""Mend a cache: drop what is damaged, so that `python -m extract` computes that and nothing else."""

import os

from headstart.cache.inspect.listing import find_caches
from headstart.cache.inspect.verify import TOP_LEVEL, Problem
from headstart.cache.manifest import NAME as MANIFEST_NAME
from headstart.cache.reader import Cache
from headstart.cache.runtime.errors import UserError
from headstart.cache.splits import SPLITS, rows_split
from headstart.cache.storage.file_system import is_litter
from headstart.cache.storage.lock import Lock, held, owner_line
from headstart.cache.storage.object_store import is_url
from headstart.cache.storage.store import Store


def damaged_blocks(problems: list[Problem]) -> list[str]:
    """Names of the blocks that problems concern, such as `train/00001`, sorted."""
    return sorted({f"{problem.split}/{problem.block}" for problem in problems if problem.block})


def drop_blocks(cache: Cache, blocks: list[str]) -> list[str]:
    """Remove blocks, and their splits from the manifest; returns the splits' names.

    The same `extract` command for these splits then computes the dropped blocks again. The cache's lock is held.

    Raises:
        CacheError: a block is a link, or holds one on the way.
    """
    damaged = {name.split("/")[0] for name in blocks}
    splits = [split for split in cache.manifest.splits if split in damaged]
    left = cache.manifest.without(set(splits))
    with held(cache.store, lambda line: None):
        if left.splits:
            cache.store.write_json(MANIFEST_NAME, left.to_json())
        else:
            cache.store.delete_file(MANIFEST_NAME)
        for name in blocks:
            cache.store.delete_folder(name)
    return splits


def remove_cache(location: str) -> None:
    """Remove a cache, finished or not.

    Raises:
        UserError: it is no cache, holds files of someone else, or is being written.
    """
    location = location.rstrip("/") if is_url(location) else os.path.abspath(location)
    if location not in find_caches(os.path.dirname(location)) or os.path.islink(location):
        raise UserError(f"{location} is no feature cache; `python -m cache list` shows them")
    store = Store(location)
    known = {*TOP_LEVEL, *(f"{name}.__lock" for name in TOP_LEVEL)}
    foreign = {name for name in _entries(store) - known if not _is_ours(store, name)} | _beside_blocks(store)
    if foreign:
        raise UserError(f"{location} holds {sorted(foreign)[0]!r}, which is not ours; move it away first")
    _check_idle(store)
    store.delete_all()


def _entries(store: Store) -> set[str]:
    """Names directly in a cache's folder; a local one may hold empty folders, too."""
    return set(os.listdir(store.location)) if store.local else {name.split("/")[0] for name in store.files()}


def _is_ours(store: Store, name: str) -> bool:
    """Whether something in a cache's folder is a split, or a file that other programs leave everywhere."""
    return rows_split(name) in SPLITS or (is_litter(name) and store.is_plain(name))


def _beside_blocks(store: Store) -> set[str]:
    """What lies beside the blocks in a split's folder and is none of ours."""
    places = {
        "/".join(name.split("/")[:2]) for name in store.files() if rows_split(name.split("/")[0]) in SPLITS
    }
    return {place for place in places if not (_is_block(place) or _is_ours(store, place))}


def _is_block(place: str) -> bool:
    return place.partition("/")[2].isdigit()


def _check_idle(store: Store) -> None:
    store.make_folder()  # it is there: this says whether it can be written
    if (lock_file := Lock(store).try_acquire()) is not None:
        raise UserError(
            f"{store.location} is being written by {owner_line(lock_file.owner)}; stop that first"
        )
