"""Read a finished cache."""

import functools
from dataclasses import dataclass

import ml_dtypes  # noqa: F401  (teaches NumPy the name bfloat16)
import numpy as np
from jaxtyping import Float, Int

from cache.errors import CacheError
from cache.manifest import BlockRecord, Manifest
from cache.recipe import Recipe
from cache.store import Store, damaged, read_into

_SMALL = {"lengths": np.int32, "labels": np.int32, "rows": np.int64}


@dataclass(frozen=True)
class Cache:
    """A finished feature cache."""

    store: Store
    recipe: Recipe
    manifest: Manifest

    @property
    def name(self) -> str:
        """Name of the cache's folder."""
        return self.store.name

    def split(self, name: str) -> "Split":
        """Open one split.

        Raises:
            CacheError: the cache does not hold it.
        """
        if not self.manifest.splits.get(name):
            held = ", ".join(self.manifest.splits) or "none"
            raise CacheError(
                f"the cache {self.name} has no split {name!r} (it has: {held}); "
                "run the same `python -m extract` command with `--split all`"
            )
        return Split(self, name, tuple(self.manifest.splits[name]))


@dataclass(frozen=True)
class Split:
    """One split's features; each array is read when it is first asked for, and checked while it is read.

    The mask of row i is exactly `arange(t) < lengths[i]`: only real tokens are stored.
    """

    cache: Cache
    name: str
    blocks: tuple[BlockRecord, ...]

    @functools.cached_property
    def lengths(self) -> Int[np.ndarray, " b"]:
        """Tokens of each row, int32."""
        return self._read("lengths", ())

    @functools.cached_property
    def labels(self) -> Int[np.ndarray, " b"]:
        """Class of each row, int32."""
        return self._read("labels", ())

    @functools.cached_property
    def rows(self) -> Int[np.ndarray, " b"]:
        """Position of each row in the data file, counted from 0, int64."""
        return self._read("rows", ())

    @functools.cached_property
    def pooled(self) -> Float[np.ndarray, "b 3 d"]:
        """First, maximum and mean vector of each row's real tokens."""
        return self._read("pooled", (3, self.cache.manifest.width))

    @functools.cached_property
    def hidden(self) -> Float[np.ndarray, "n d"]:
        """Hidden states of all real tokens, row after row: row i starts at `lengths[:i].sum()`."""
        return self._read("hidden", (self.cache.manifest.width,))

    def _read(self, field: str, tail: tuple[int, ...]) -> np.ndarray:
        """Read one array of every block into one piece of memory, all blocks at once."""
        dtype = np.dtype(_SMALL.get(field, self.cache.manifest.dtype))
        counts = [block.tokens if field == "hidden" else block.rows for block in self.blocks]
        names = [f"{self.name}/{block.name}/{field}" for block in self.blocks]
        store = self.cache.store
        arrays = [store.open_array(n, (c, *tail), dtype) for n, c in zip(names, counts, strict=True)]
        whole = np.empty((sum(counts), *tail), dtype)
        parts = np.split(whole, np.cumsum(counts)[:-1])
        reads = [read_into(part, array) for part, array in zip(parts, arrays, strict=True)]
        for name, read in zip(names, reads, strict=True):
            try:
                read.result()
            except ValueError as error:
                raise damaged(store.location, name, error) from None
        return whole


def open_cache(location: str) -> Cache:
    """Open a finished cache.

    Raises:
        CacheError: there is none, it is unfinished, of another format, or its parts do not belong together.
    """
    store = Store(str(location))
    recipe, manifest = store.read_json("recipe.json"), store.read_json("manifest.json")
    if recipe is None:
        raise CacheError(f"there is no feature cache at {location}; make one with `python -m extract`")
    if manifest is None:
        raise CacheError(f"the cache {location} is unfinished; run the same `python -m extract` again")
    cache = Cache(store, Recipe.from_json(recipe), Manifest.from_json(manifest))
    if cache.recipe.key != cache.manifest.key:
        raise CacheError(f"recipe.json and manifest.json in {location} belong to different caches")
    return cache
