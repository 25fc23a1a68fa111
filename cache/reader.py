"""Read a finished cache."""

import functools
from dataclasses import dataclass

import ml_dtypes  # noqa: F401  (teaches NumPy the name bfloat16)
import numpy as np
from jaxtyping import Float, Int

from headstart.cache.block import Block, BlockRecord, array_dtype, digest
from headstart.cache.manifest import NAME, Manifest
from headstart.cache.ragged import row_bounds, split_rows
from headstart.cache.recipe import Recipe
from headstart.cache.runtime.errors import CacheError
from headstart.cache.splits import view_names
from headstart.cache.storage.arrays import DamagedError, check_size, open_array, read_array, read_arrays
from headstart.cache.storage.store import Store
from headstart.cache.task import Task
from headstart.cache.texts import unpack


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

    @functools.cached_property
    def task(self) -> Task:
        """What is to be told apart."""
        return self.recipe.parsed_task

    def split(self, name: str) -> "CacheSplit":
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
        return CacheSplit(self, name, tuple(self.manifest.splits[name]))

    @property
    def views(self) -> tuple[str, ...]:
        """Names of the splits that hold the training rows with dropout, see `cache.splits`."""
        return view_names(self.recipe.views)

    def layout_has(self, field: str) -> bool:
        """Whether the cache stores this array; `hidden`, `layers` and `groups` are not in every one."""
        return field in self.recipe.arrays

    def read(self, split: str, record: BlockRecord, field: str) -> np.ndarray:
        """Read one array of one block, and compare it with the manifest.

        Raises:
            DamagedError: it is not what was written.
        """
        name = f"{split}/{record.name}/{field}"
        shape = record.shape(field, self.manifest.width)
        values = read_array(self.store, name, shape, array_dtype(field, self.manifest.dtype))
        if digest(values) != record.sha256[field]:
            detail = "sound in itself, but not what was written here"
            raise DamagedError(self.store.path(name), "checksum", detail)
        return values

    def read_block(self, split: str, record: BlockRecord) -> Block:
        """Read a whole block, and compare it with the manifest.

        Raises:
            DamagedError: it is not what was written.
        """
        arrays = {field: self.read(split, record, field) for field in record.arrays}
        return Block(hidden=arrays.pop("hidden", None), **arrays)


@dataclass(frozen=True)
class CacheSplit:
    """One split's features; each array is read when it is first asked for.

    The mask of row i is exactly `arange(t) < lengths[i]`. Every chunk's CRC32C is
    checked as it is read; the small arrays are also compared with the manifest's SHA-256, which finds blocks that
    were swapped or brought from elsewhere.
    """

    cache: Cache
    name: str
    blocks: tuple[BlockRecord, ...]

    @functools.cached_property
    def lengths(self) -> Int[np.ndarray, " b"]:
        """Real tokens of each row, int32."""
        lengths = self._join("lengths")
        rows = np.array([block.rows for block in self.blocks])
        for block, part in zip(self.blocks, split_rows(lengths, rows), strict=True):
            # only a forged cache gets this far
            if part.min() < 1 or int(part.sum(dtype=np.int64)) != block.tokens:
                place = f"{self.name}/{block.name}"
                raise CacheError(f"{place}: the lengths do not add up to {block.tokens} tokens")
        if (longest := lengths.max()) > self.cache.recipe.max_length:
            raise CacheError(f"{self.name}: a row has {longest} tokens, more than the recipe's max_length")
        return lengths

    @functools.cached_property
    def labels(self) -> Int[np.ndarray, " b"] | Int[np.ndarray, "b k"]:
        """Class of each row, or 0 or 1 for each class where rows can have several, int32."""
        labels, task = self._join("labels"), self.cache.task
        if not task.fits(labels):
            raise CacheError(
                f"{self.name}: labels out of range for a {task.kind} task of {len(task.classes)} classes"
            )
        return labels

    @functools.cached_property
    def rows(self) -> Int[np.ndarray, " b"]:
        """Position of each row in the data file, counted from 0, int64."""
        rows = self._join("rows")
        if rows.min() < 0:
            raise CacheError(f"{self.name}: the row {rows.min()} is in no data file")
        return rows

    @functools.cached_property
    def texts(self) -> list[str]:
        """The cleaned texts."""
        texts, rows = unpack(self._join("texts")), sum(block.rows for block in self.blocks)
        if len(texts) != rows:
            raise CacheError(f"{self.name}: {len(texts)} texts for {rows} rows")
        return texts

    @functools.cached_property
    def pooled(self) -> Float[np.ndarray, "b 3 d"]:
        """First, maximum and mean vector of each row's real tokens; of all positions in a padded cache."""
        return self._join("pooled")

    @property
    def layer_numbers(self) -> tuple[int, ...]:
        """The encoder's states that `layers` holds, in its order: 0 for the embeddings, i for layer i."""
        return self.cache.recipe.layer_numbers

    @functools.cached_property
    def layers(self) -> Float[np.ndarray, "b m 3 d"]:
        """The vectors of `pooled` for each of the encoder's states that `layer_numbers` lists.

        They are read all at once, and not hashed, as hidden states are.

        Raises:
            CacheError: the cache holds none, or a block is damaged.
        """
        if not self.cache.layout_has("layers"):
            raise CacheError(
                f"the cache {self.cache.name} holds the last layer only; run the same `python -m extract` command "
                "with `--layers all`"
            )
        return self._read_whole("layers")

    @functools.cached_property
    def groups(self) -> Int[np.ndarray, " b"]:
        """Number of each row's group, int64, counted from 0 in the order of their first appearance in the data.

        Raises:
            CacheError: the cache holds none.
        """
        if not self.cache.layout_has("groups"):
            raise CacheError(
                f"the cache {self.cache.name} does not say which row is of which group; run `python -m extract` with "
                "`--group-column`"
            )
        groups = self._join("groups")
        if groups.min() < 0:
            raise CacheError(f"{self.name}: {groups.min()} is the number of no group")
        return groups

    @functools.cached_property
    def hidden(self) -> Float[np.ndarray, "n d"] | Float[np.ndarray, "b t d"]:
        """Hidden states of all real tokens, row after row: row i starts at `lengths[:i].sum()`.

        A padded cache has those of all positions of each row, `[b, t, d]`.

        Blocks are read all at once, and not hashed: a SHA-256 takes longer than the reading.

        Raises:
            CacheError: the cache holds pooled vectors only, or a block is damaged.
        """
        if not self.cache.layout_has("hidden"):
            raise CacheError(
                f"the cache {self.cache.name} holds pooled vectors only, no hidden states; "
                "run the same `python -m extract` command with `--views all`"
            )
        return self._read_whole("hidden")

    def _read_whole(self, field: str) -> np.ndarray:
        """Read a large array of all blocks at once; its CRC32C are checked, its SHA-256 are not."""
        _ = self.lengths, self.rows  # compared with the manifest: a block from elsewhere is found here
        store, dtype = self.cache.store, self._dtype
        names = [f"{self.name}/{block.name}/{field}" for block in self.blocks]
        shapes = [block.shape(field, self.width) for block in self.blocks]
        for name, shape in zip(names, shapes, strict=True):
            check_size(store, name, shape, dtype)
        sizes = np.array([shape[0] for shape in shapes])
        whole = np.empty((sizes.sum(), *shapes[0][1:]), dtype)
        read_arrays(store, names, split_rows(whole, sizes))
        return whole

    @property
    def width(self) -> int:
        """Size d of a hidden vector."""
        return self.cache.manifest.width

    @property
    def itemsize(self) -> int:
        """Bytes of one number of a hidden vector."""
        return self._dtype.itemsize

    def read(self, field: str, start: int, stop: int) -> np.ndarray:
        """Read `hidden`, `pooled` or `layers` of rows `start` to `stop` alone.

        Every chunk of a file that they touch is checked.

        Raises:
            CacheError: the bytes cannot be trusted.
        """
        parts = []
        for block in self.blocks:
            first, last = max(start, block.start), min(stop, block.start + block.rows)
            if first < last:
                shape = block.shape(field, self.width)
                # `[tokens, d]`, or rows first
                ends = self._bounds if len(shape) == 2 else np.arange(len(self._bounds))
                places = ends[[first, last]] - ends[block.start]
                parts.append(self._read_part(f"{self.name}/{block.name}/{field}", shape, places))
        return np.concatenate(parts)

    def _read_part(self, name: str, shape: tuple[int, ...], places: Int[np.ndarray, "2"]) -> np.ndarray:
        array = open_array(self.cache.store, name, shape, self._dtype)
        try:
            values: np.ndarray = array[int(places[0]) : int(places[1])].read().result()
        except ValueError as error:
            raise CacheError(
                f"{name} is damaged: {error}; `python -m cache verify` lists all damage"
            ) from None
        return values

    @functools.cached_property
    def _bounds(self) -> Int[np.ndarray, " _"]:
        return row_bounds(self.lengths)

    @property
    def _dtype(self) -> np.dtype:
        return array_dtype("hidden", self.cache.manifest.dtype)

    def _join(self, field: str) -> np.ndarray:
        return np.concatenate([self.cache.read(self.name, block, field) for block in self.blocks])


def open_cache(location: str) -> Cache:
    """Open a finished cache.

    Raises:
        CacheError: there is none, it is unfinished, of another format, or its parts do not belong together.
    """
    store = Store(str(location))
    recipe, manifest = store.read_json("recipe.json"), store.read_json(NAME)
    if recipe is None:
        raise CacheError(
            f"there is no feature cache at {location}; make one with `python -m extract --split all`"
        )
    if manifest is None:
        raise CacheError(f"the cache {location} is unfinished; run the same `python -m extract` again")
    cache = Cache(store, Recipe.from_json(recipe), Manifest.from_json(manifest))
    if not _fit(cache.recipe, cache.manifest):
        raise CacheError(f"recipe.json and manifest.json in {location} belong to different caches")
    return cache


def _fit(recipe: Recipe, manifest: Manifest) -> bool:
    """Whether all blocks of a manifest have the arrays, the dtype and the width that a recipe names."""
    same = all(record.fits(recipe) for _, record in manifest.blocks())
    same = same and recipe.width in (0, manifest.width)
    return same and (recipe.key, recipe.storage_dtype) == (manifest.key, manifest.dtype)
