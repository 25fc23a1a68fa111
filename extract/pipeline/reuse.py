"""Other caches: the one that ours has grown from, whose blocks need no computing, and the nearest one."""

from typing import NamedTuple

import numpy as np

from headstart.cache.block import Block, BlockRecord
from headstart.cache.inspect.listing import find_caches
from headstart.cache.reader import Cache, open_cache
from headstart.cache.recipe import Recipe, differing_fields
from headstart.cache.runtime.errors import CacheError
from headstart.cache.storage.store import Store
from headstart.extract.features.blocks import BlockRows, Records
from headstart.extract.pipeline.job import ExtractJob, RunContext
from headstart.extract.splits.splitter import choose_splitter

GROWTH_FIELDS = {"rows", "row_count"}


class Neighbour(NamedTuple):
    """Another cache, and the recipe's fields in which it differs."""

    location: str
    fields: list[str]


def neighbours(job: ExtractJob) -> list[Neighbour]:
    """Return the other local caches, nearest first."""
    others = []
    for location in find_caches(job.settings.cache_dir):
        if location != job.location and (recipe := _recipe(location)):
            others.append(Neighbour(location, differing_fields(job.recipe, recipe)))
    return sorted(others, key=lambda neighbour: len(neighbour.fields))


def describe_nearest(job: ExtractJob) -> str | None:
    """Say which cache of the same rows is nearest and in what it differs; None if ours is there, or no other is."""
    if Store(job.location).read_json("recipe.json") is None:
        for location, fields in neighbours(job):
            if GROWTH_FIELDS & {*fields}:
                continue  # of other data
            return f"new cache; the nearest one, {location}, differs in {', '.join(fields)}"
    return None


def reuse_blocks(run: RunContext, missing: list[BlockRows]) -> Records:
    """Copy those missing blocks that a cache holds from which ours has grown, if there is one."""
    old = _grown_from(run.job) if missing else None
    if old is None:
        return {}
    stored = {(split, record.start, record.rows): record for split, record in old.manifest.blocks()}
    records = {}
    for block in missing:
        record = stored.get((block.split, block.start, len(block.rows)))
        if record and (copy := _same_block(old, block, record, run.job)):
            records[block.key] = run.writer.write_block(block.split, block.number, block.start, copy)
    run.reporter.log(_describe_growth(run.job, old, len(records)))
    return records


def _grown_from(job: ExtractJob) -> Cache | None:
    """Return a finished cache of the same recipe whose rows are the first of ours."""
    for location, fields in neighbours(job):
        if set(fields) <= GROWTH_FIELDS and (cache := _finished(location)):
            count = cache.recipe.row_count
            if count < job.recipe.row_count and job.dataset.digest(count) == cache.recipe.rows:
                return cache
    return None


def _describe_growth(job: ExtractJob, old: Cache, reused: int) -> str:
    """Say how many blocks of an older cache serve ours, and why not more."""
    added = job.recipe.row_count - old.recipe.row_count
    if choose_splitter(job.settings).grows:
        return f"{added:,} rows were added to {old.name}: {reused} of its blocks are taken over"
    return (
        f"{added:,} rows were added to {old.name}, but the notebook's split deals all rows anew when their number "
        "changes: every block is computed again (`--split-rule stable` makes caches that grow)"
    )


def _same_block(old: Cache, block: BlockRows, record: BlockRecord, job: ExtractJob) -> Block | None:
    """Return an older cache's block if its rows are the planned ones, and it is sound."""
    try:
        if np.array_equal(old.read(block.split, record, "rows"), job.dataset.rows[block.rows]):
            return old.read_block(block.split, record)
    except CacheError:  # damaged: computed instead
        pass
    return None


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
