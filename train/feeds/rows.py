"""Rows that can be read without the rest: straight from a cache, or from memory."""

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int, Shaped

from headstart.cache.block import array_dtype
from headstart.cache.ragged import row_bounds
from headstart.cache.reader import CacheSplit
from headstart.cache.runtime.errors import CacheError
from headstart.cache.storage.arrays import open_array
from headstart.train.data.every_position import EveryPosition
from headstart.train.data.split import Features


@runtime_checkable
class Readable(Protocol):
    """A split of which rows can be read without the rest."""

    @property
    def lengths(self) -> Int[np.ndarray, " r"]:
        """Tokens of each row."""

    @property
    def labels(self) -> Int[np.ndarray, " r *k"]:
        """See `train.data.split.Features`."""

    @property
    def width(self) -> int:
        """Size of a hidden vector."""

    @property
    def itemsize(self) -> int:
        """Bytes of one of its numbers."""

    def read(self, field: str, start: int, stop: int) -> Shaped[np.ndarray, "n ..."]:
        """Rows `start` to `stop` of `pooled`, or their tokens in `hidden`."""


class CacheRows:
    """Reads rows of a cache's split; every chunk of the file that they touch is checked.

    Args:
        split: of any layout.
        lengths: hidden states that are stored of each row; None: one for each of its tokens.
    """

    def __init__(self, split: CacheSplit, lengths: Int[np.ndarray, " r"] | None = None) -> None:
        self._split = split
        self.lengths, self.labels = split.lengths if lengths is None else lengths, split.labels
        self.width = split.cache.manifest.width
        self._dtype = array_dtype("hidden", split.cache.manifest.dtype)
        self.itemsize = self._dtype.itemsize
        self._ends = row_bounds(self.lengths)

    def read(self, field: str, start: int, stop: int) -> Shaped[np.ndarray, "n ..."]:
        """See `Readable`.

        Raises:
            CacheError: the bytes cannot be trusted.
        """
        parts = []
        for block in self._split.blocks:
            first, last = max(start, block.start), min(stop, block.start + block.rows)
            if first < last:
                shape = block.shape(field, self.width)
                at = (
                    self._ends if len(shape) == 2 else np.arange(len(self._ends))
                )  # [tokens, d], or rows first
                begin = int(at[block.start])
                name = f"{self._split.name}/{block.name}/{field}"
                parts.append(self._part(name, shape, at[[first, last]] - begin))
        whole = np.concatenate(parts)
        return whole.reshape(-1, self.width) if field == "hidden" else whole

    def _part(
        self, name: str, shape: tuple[int, ...], places: Int[np.ndarray, "2"]
    ) -> Float[np.ndarray, "n ..."]:
        array = open_array(self._split.cache.store, name, shape, self._dtype)
        try:
            values: np.ndarray = array[int(places[0]) : int(places[1])].read().result()
        except ValueError as error:
            raise CacheError(
                f"{name} is damaged: {error}; `python -m cache verify` lists all damage"
            ) from None
        return values


class HeldRows:
    """Rows of features that are in memory anyway."""

    def __init__(self, features: Features) -> None:
        self._features = features
        self.lengths, self.labels = features.lengths, features.labels
        self.width, self.itemsize = features.pooled.shape[-1], features.pooled.itemsize
        self._ends = row_bounds(self.lengths)

    def read(self, field: str, start: int, stop: int) -> Shaped[np.ndarray, "n ..."]:
        """See `Readable`."""
        if field == "pooled":
            return self._features.pooled[start:stop]
        return self._features.hidden[self._ends[start] : self._ends[stop]]


def readable(features: Features) -> Readable:
    """Rows that can be read without the rest: straight from the cache, where the features are a cache's."""
    if isinstance(features, EveryPosition):
        return CacheRows(features.split, features.lengths)
    return CacheRows(features) if isinstance(features, CacheSplit) else HeldRows(features)
