"""Training on a split that is larger than the memory for it: windows of rows are read from the cache ahead."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Int

from headstart.cache.ragged import row_starts
from headstart.cache.runtime.errors import UserError
from headstart.train.data.split import Split
from headstart.train.feeds.prefetch import prefetch
from headstart.train.feeds.sampler import FeedSpec, by_length, cut
from headstart.train.feeds.table import EpochChunk, Place, Table, fill, padded, read_layers

COPIES = 3
"""Windows that are in memory at once: in use, waiting, and being read or on the way to the device."""


class StreamFeed:
    """Reads a split window by window, in another order each epoch.

    A window is a few segments of neighbouring rows, drawn at random; its rows are shuffled for each seed. So a
    batch is drawn from the window and not from the whole split, and the order of rows is another than that of
    the feeds which hold all of it.

    Args:
        split: The rows, which are read window by window.
        spec: What the heads read, and how.
        place: Puts a table on the devices.
        limit: Most bytes of features to hold at once.

    Raises:
        UserError: the limit holds no three batches.
    """

    def __init__(self, split: Split, spec: FeedSpec, place: Place, limit: int) -> None:
        self._split, self._spec, self._place = split, spec, place
        size = min(spec.batch_size, len(split.labels))
        self._starts = np.arange(0, len(split.labels), size)
        tokens = np.add.reduceat(split.lengths, self._starts) if spec.tokens else 0 * self._starts
        vector = split.width * split.itemsize
        per_segment = size * vector * spec.vectors
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

    def train(self, epoch: int) -> Iterator[EpochChunk]:
        """See `train.feeds.feed.Feed`."""
        order = np.random.default_rng([epoch, 2]).permutation(len(self._starts))
        return prefetch(self._windows(order), lambda window: self._read(window, epoch))

    def evaluate(self) -> Iterator[EpochChunk]:
        """See `train.feeds.feed.Feed`."""
        return prefetch(self._windows(np.arange(len(self._starts))), lambda window: self._read(window, None))

    def _windows(self, order: Int[np.ndarray, " n"]) -> Iterator[Int[np.ndarray, " m"]]:
        for start in range(0, len(order), self._segments):
            yield order[start : start + self._segments]

    def _read(self, window: Int[np.ndarray, " m"], epoch: int | None) -> EpochChunk:
        spans = [(int(s), min(int(s) + self._size, len(self._split.labels))) for s in self._starts[window]]
        lengths = np.concatenate([self._split.lengths[a:b] for a, b in spans])
        if epoch is None:
            order = by_length(np.arange(len(lengths)), lengths)
            batches = fill(order, -(-len(order) // self._size) * self._size).reshape(1, -1, self._size)
            batches = np.repeat(batches, self._spec.seeds, axis=0)
        else:
            seeds = range(self._spec.seeds)
            batches = np.stack([self._shuffled(lengths, [seed, epoch, int(window[0])]) for seed in seeds])
        steps = batches.shape[1]
        batches = fill(batches.astype(np.int32), self._segments, axis=1)
        rows = np.concatenate([np.arange(*span) for span in spans])
        deals = 1 if epoch is None else len(self._spec.deals)
        return EpochChunk(self._place(self._table(spans, lengths)), batches, steps, rows, deals)

    def _shuffled(self, lengths: Int[np.ndarray, " r"], seed: list[int]) -> Int[np.ndarray, "n b"]:
        generator = np.random.default_rng([*seed, 3])
        whole = len(lengths) // self._size * self._size
        order = generator.permutation(len(lengths))[:whole]
        deals = self._spec.deals
        if whole == 0:  # the split's last, short segment alone
            return np.zeros((0, self._size * len(deals)), np.int64)
        return np.concatenate([cut(order, lengths, self._size, deal, generator) for deal in deals], axis=1)

    def _table(self, spans: list[tuple[int, int]], lengths: Int[np.ndarray, " r"]) -> Table:
        def whole(field: str) -> np.ndarray:
            return np.concatenate([self._split.read(field, *span) for span in spans])

        labels = np.concatenate([self._split.labels[a:b] for a, b in spans]).astype(np.float32)
        starts = row_starts(lengths).astype(np.int32)
        hidden = whole("hidden") if self._spec.tokens else None
        pooled = whole("pooled") if self._spec.pooled else None
        parts = [
            read_layers(self._split, self._spec.layers, *span) for span in spans if self._spec.layers.read
        ]
        layers = np.concatenate(parts) if parts else None
        table = Table(hidden, starts, lengths, pooled, labels, layers)
        return padded(table, self._tokens, self._segments * self._size)
