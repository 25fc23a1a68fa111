"""Blocks that need no computing: committed by an earlier run, or held by the cache that ours has grown from."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from headstart.cache.block import Block, BlockRecord, array_dtype
from headstart.cache.inspect.listing import find_caches
from headstart.cache.reader import Cache, open_cache
from headstart.cache.recipe import Recipe, differing_fields
from headstart.cache.runtime.errors import CacheError
from headstart.cache.storage.arrays import check_size
from headstart.cache.storage.store import Store
from headstart.cache.writer import CacheWriter
from headstart.extract.dataset.dataset import Dataset
from headstart.extract.features.blocks import BlockRows
from headstart.extract.pipeline.job import Job
from headstart.extract.splits.splitter import choose_splitter

GROWTH_FIELDS = {"rows", "row_count"}


class Neighbour(NamedTuple):
    """Another cache, and the recipe's fields in which it differs."""

    location: str
    fields: list[str]


def neighbours(job: Job) -> list[Neighbour]:
    """Return the other local caches, nearest first."""
    found = []
    for location in find_caches(job.settings.cache_dir):
        if location != job.location and (recipe := _recipe(location)):
            found.append(Neighbour(location, differing_fields(job.recipe, recipe)))
    return sorted(found, key=lambda neighbour: len(neighbour.fields))


def describe_nearest(job: Job) -> str | None:
    """Say which existing cache is nearest and in what it differs; None if ours is there, or there is no other."""
    if Store(job.location).read_json("recipe.json") is None:
        for location, fields in neighbours(job)[:1]:
            return f"new cache; the nearest one, {location}, differs in {', '.join(fields)}"
    return None


def grown_from(job: Job) -> Cache | None:
    """Return a finished cache of the same recipe whose rows are the first of ours."""
    for location, fields in neighbours(job):
        if set(fields) <= GROWTH_FIELDS and (cache := _finished(location)):
            count = cache.recipe.row_count
            if count < job.recipe.row_count and job.rows.digest(count) == cache.recipe.rows:
                return cache
    return None


def describe_growth(job: Job, old: Cache, reused: int) -> str:
    """Say how many blocks of an older cache serve ours, and why not more."""
    added = job.recipe.row_count - old.recipe.row_count
    if choose_splitter(job.settings).grows:
        return f"{added:,} rows were added to {old.name}: {reused} of its blocks are taken over"
    return (
        f"{added:,} rows were added to {old.name}, but the notebook's split deals all rows anew when their number "
        "changes: every block is computed again (`--split-rule stable` makes caches that grow)"
    )


def _recipe(location: str) -> Recipe | None:
    try:
        return Recipe.from_json(Store(location).read_json("recipe.json") or {})
    except CacheError:
        return None


def _finished(location: str) -> Cache | None:
    try:
        return open_cache(location)
    except CacheError:
        return None


Records = dict[tuple[str, int], BlockRecord]


def committed_blocks(writer: CacheWriter, blocks: Iterable[BlockRows], width: int) -> Records:
    """Return the records of blocks that are on disk whole, by split and number.

    The recipe decides what is in a block of so many rows behind so many others, tokens included.
    """
    found = {}
    for block in blocks:
        record = writer.committed(block.split, block.number)
        planned = record and (record.start, record.rows) == (block.start, len(block.rows))
        if record and planned and _is_whole(writer, block.split, record, width):
            found[block.key] = record
    return found


def _is_whole(writer: CacheWriter, split: str, record: BlockRecord, width: int) -> bool:
    """Whether all arrays have their size; their content is for `verify`."""
    try:
        for field in record.arrays:
            dtype = array_dtype(field, writer.recipe.storage_dtype)
            check_size(writer.store, f"{split}/{record.name}/{field}", record.shape(field, width), dtype)
    except CacheError:
        return False
    return True


def drop_unplanned(writer: CacheWriter, blocks: Iterable[BlockRows]) -> None:
    """Remove blocks that are none of these: an earlier run with smaller blocks left them."""
    planned = {(block.split, block.name) for block in blocks}
    splits = {split for split, _ in planned}
    found = {tuple(name.split("/")[:2]) for split in splits for name in writer.store.files(split)}
    for split, name in sorted(found - planned):
        writer.store.delete_folder(f"{split}/{name}")


def take_over(old: Cache, writer: CacheWriter, blocks: Iterable[BlockRows], rows: Dataset) -> Records:
    """Copy those blocks that an older cache holds with the very same rows."""
    held = {(split, record.start, record.rows): record for split, record in old.manifest.blocks()}
    taken = {}
    for block in blocks:
        record = held.get((block.split, block.start, len(block.rows)))
        if record and (copy := _same_block(old, block, record, rows)):
            taken[block.key] = writer.write_block(block.split, block.number, block.start, copy)
    return taken


def _same_block(old: Cache, block: BlockRows, record: BlockRecord, rows: Dataset) -> Block | None:
    """Return an older cache's block if its rows are the planned ones, and it is sound."""
    try:
        if np.array_equal(old.read(block.split, record, "rows"), rows.rows[block.rows]):
            return old.read_block(block.split, record)
    except CacheError:  # damaged: computed instead
        pass
    return None
