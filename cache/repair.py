"""Mend a cache: drop what is damaged, so that `python -m extract` computes that and nothing else."""

import os
import shutil

from cache.errors import UserError
from cache.listing import find_caches
from cache.lock import Lock, owner_line
from cache.manifest import NAME as MANIFEST_NAME
from cache.manifest import SPLITS
from cache.reader import Cache
from cache.store import Store
from cache.verify import TOP_LEVEL, Problem


def drop_damaged(cache: Cache, problems: list[Problem]) -> list[str]:
    """Remove the manifest and the damaged blocks; returns the blocks' names.

    From then on the cache is unfinished: the same `extract` command computes the dropped blocks again.
    """
    damaged = sorted({f"{problem.split}/{problem.block}" for problem in problems if problem.block})
    cache.store.delete_file(MANIFEST_NAME)
    for name in damaged:
        cache.store.delete_folder(name)
    return damaged


def remove_cache(location: str) -> None:
    """Remove a cache's folder, finished or not.

    Raises:
        UserError: it is no cache, holds files of someone else, or is being written.
    """
    root, name = os.path.split(os.path.abspath(location))
    if os.path.join(root, name) not in find_caches(root) or os.path.islink(location):
        raise UserError(f"{location} is no feature cache; `python -m cache list` shows them")
    foreign = set(os.listdir(location)) - {*TOP_LEVEL, *SPLITS} - {f"{known}.__lock" for known in TOP_LEVEL}
    if foreign:
        raise UserError(f"{location} holds {sorted(foreign)[0]!r}, which is not ours; move it away first")
    _check_idle(location)
    shutil.rmtree(location)


def _check_idle(location: str) -> None:
    owner = Lock(Store(location)).try_acquire()
    if owner is not None:
        raise UserError(f"{location} is being written by {owner_line(owner)}; stop that first")
