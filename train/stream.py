"""Training on a split that is larger than the memory for it: windows of rows are read from the cache ahead."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int, Shaped

from cache.arrays import open_array
from cache.block import array_dtype
from cache.errors import CacheError, UserError
from cache.reader import Split
from train.batches import Features
from train.plan import by_length, cut
from train.prefetch import prefetch
from train.seeds import Passes
from train.table import Chunk, Table
from train.wanted import Wanted, fill, padded

COPIES = 3
"""Windows that are in memory at once: in use, waiting, and being read or on the way to the device."""


@runtime_checkable
class Readable(Protocol):
    """A split of which rows can be read without the rest."""

    @property
    def lengths(self) -> Int[np.ndarray, " r"]:
        """Tokens of each row."""

    @property
    def labels(self) -> Int[np.ndarray, " r *k"]:
        """See `train.batches.Features`."""

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

    def __init__(self, split: Split, lengths: Int[np.ndarray, " r"] | None = None) -> None:
        self._split = split
        self.lengths, self.labels = split.lengths if lengths is None else lengths, split.labels
        self.width = split.cache.manifest.width
        self._dtype = array_dtype("hidden", split.cache.manifest.dtype)
        self.itemsize = self._dtype.itemsize
        self._ends = np.concatenate([[0], np.cumsum(self.lengths, dtype=np.int64)])

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
        self._ends = np.concatenate([[0], np.cumsum(self.lengths, dtype=np.int64)])

    def read(self, field: str, start: int, stop: int) -> Shaped[np.ndarray, "n ..."]:
        """See `Readable`."""
        if field == "pooled":
            return self._features.pooled[start:stop]
        return self._features.hidden[self._ends[start] : self._ends[stop]]


class StreamFeed:
    """Reads a split window by window, in another order each epoch.

    A window is a few segments of neighbouring rows, drawn at random; its rows are shuffled for each seed. So a
    batch is drawn from the window and not from the whole split, and the order of rows is another than that of
    the feeds which hold all of it.

    Args:
        rows: the split.
        wanted: by the heads.
        passes: puts tables on the devices.
        limit: the most bytes of features to hold at once.

    Raises:
        UserError: the limit holds no three batches.
    """

    def __init__(self, rows: Readable, wanted: Wanted, passes: Passes, limit: int) -> None:
        self._rows, self._wanted, self._passes = rows, wanted, passes
        size = min(wanted.batch_size, len(rows.labels))
        self._starts = np.arange(0, len(rows.labels), size)
        tokens = np.add.reduceat(rows.lengths, self._starts) if wanted.tokens else 0 * self._starts
        vector = rows.width * rows.itemsize
        per_segment = size * 3 * vector * wanted.pooled
        largest = np.cumsum(np.sort(tokens)[::-1])
        bytes_of = largest * vector + per_segment * np.arange(1, len(tokens) + 1)
        self._segments = int((bytes_of * COPIES <= limit).sum())
        if self._segments == 0:
            raise UserError(
                f"--memory-limit {limit:,} bytes holds no {COPIES} batches of {size} rows; "
                f"give at least {COPIES * int(bytes_of[0]):,}, or a smaller --batch-size"
            )
        self._size, self._tokens = size, int(largest[self._segments - 1])
        self.held = COPIES * int(bytes_of[self._segments - 1])

    def train(self, epoch: int) -> Iterator[Chunk]:
        """See `train.feed.Feed`."""
        order = np.random.default_rng([epoch, 2]).permutation(len(self._starts))
        return prefetch(self._windows(order), lambda window: self._read(window, epoch))

    def evaluate(self) -> Iterator[Chunk]:
        """See `train.feed.Feed`."""
        return prefetch(self._windows(np.arange(len(self._starts))), lambda window: self._read(window, None))

    def _windows(self, order: Int[np.ndarray, " n"]) -> Iterator[Int[np.ndarray, " m"]]:
        for start in range(0, len(order), self._segments):
            yield order[start : start + self._segments]

    def _read(self, window: Int[np.ndarray, " m"], epoch: int | None) -> Chunk:
        spans = [(int(s), min(int(s) + self._size, len(self._rows.labels))) for s in self._starts[window]]
        lengths = np.concatenate([self._rows.lengths[a:b] for a, b in spans])
        if epoch is None:
            order = by_length(np.arange(len(lengths)), lengths)
            batches = fill(order, -(-len(order) // self._size) * self._size).reshape(1, -1, self._size)
            batches = np.repeat(batches, self._wanted.seeds, axis=0)
        else:
            seeds = range(self._wanted.seeds)
            batches = np.stack([self._shuffled(lengths, [seed, epoch, int(window[0])]) for seed in seeds])
        steps = batches.shape[1]
        batches = fill(batches.astype(np.int32), self._segments, axis=1)
        rows = np.concatenate([np.arange(*span) for span in spans])
        return Chunk(self._passes.place(self._table(spans, lengths)), batches, steps, rows)

    def _shuffled(self, lengths: Int[np.ndarray, " r"], seed: list[int]) -> Int[np.ndarray, "n b"]:
        generator = np.random.default_rng([*seed, 3])
        whole = len(lengths) // self._size * self._size
        order = generator.permutation(len(lengths))[:whole]
        if whole == 0:  # the split's last, short segment alone
            return np.zeros((0, self._size), np.int64)
        return cut(order, lengths, self._size, self._wanted.batching, generator)

    def _table(self, spans: list[tuple[int, int]], lengths: Int[np.ndarray, " r"]) -> Table:
        def whole(field: str) -> np.ndarray:
            return np.concatenate([self._rows.read(field, *span) for span in spans])

        labels = np.concatenate([self._rows.labels[a:b] for a, b in spans]).astype(np.float32)
        starts = (np.cumsum(lengths, dtype=np.int64) - lengths).astype(np.int32)
        hidden = whole("hidden") if self._wanted.tokens else None
        pooled = whole("pooled") if self._wanted.pooled else None
        return padded(
            Table(hidden, starts, lengths, pooled, labels), self._tokens, self._segments * self._size
        )
