"""Other caches beside ours: the nearest one, and one that ours has grown from."""

from typing import NamedTuple

from cache.errors import CacheError
from cache.listing import find_caches
from cache.reader import Cache, open_cache
from cache.recipe import Recipe, differing_fields
from cache.store import Store
from extract.dealing import choose_dealing
from extract.job import Job

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
    if choose_dealing(job.settings).grows:
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
