"""From a split to chunks on the device: whole, piece by piece from the host, some rows, or one view after the other."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int

from headstart.train.data.split import Split
from headstart.train.feeds.prefetch import prefetch
from headstart.train.feeds.sampler import FeedSpec
from headstart.train.feeds.table import EpochChunk, Place, fill, padded, table_bytes, table_of, take

MOST_STEPS = 64
"""Most steps of a chunk: so few that an interruption is heard soon, so many that a dispatch costs little."""


@runtime_checkable
class Feed(Protocol):
    """Gives out the chunks of an epoch.

    Attributes:
        held: Most bytes of features that were held at once.
    """

    held: int

    def train(self, epoch: int) -> Iterator[EpochChunk]:
        """Shuffled batches of an epoch, counted from 1, for every seed."""

    def evaluate(self) -> Iterator[EpochChunk]:
        """Every row once, the same for every seed."""


class BatchFeed(ABC):
    """Draws batches of any rows of a split; how their features get to the device is up to each such feed.

    Args:
        lengths: Tokens of each row.
        spec: What the heads read, and how.
        held: Bytes of features that are held.
    """

    def __init__(self, lengths: Int[np.ndarray, " b"], spec: FeedSpec, held: int) -> None:
        self.lengths, self.spec, self.held = lengths, spec, held

    def train(self, epoch: int) -> Iterator[EpochChunk]:
        """See `Feed`."""
        deals = len(self.spec.deals)
        for chunk in self.chunks(self.spec.train(self.lengths, epoch)):
            yield chunk._replace(deals=deals)

    def evaluate(self) -> Iterator[EpochChunk]:
        """See `Feed`."""
        return self.chunks(self.spec.evaluate(self.lengths))

    @abstractmethod
    def chunks(self, batches: Int[np.ndarray, "s n b"]) -> Iterator[EpochChunk]:
        """Give out batches of any rows, which are named by their numbers; -1 where a row only fills up."""


class DeviceFeed(BatchFeed):
    """The whole split stays on the device; only places of rows travel."""

    def __init__(self, split: Split, spec: FeedSpec, place: Place) -> None:
        table = table_of(split, spec)
        super().__init__(split.lengths, spec, table_bytes(table))
        self._table = place(table)

    def chunks(self, batches: Int[np.ndarray, "s n b"]) -> Iterator[EpochChunk]:
        """See `BatchFeed`."""
        steps = batches.shape[1]
        size = min(steps, MOST_STEPS) if self.spec.tokens else steps
        for start in range(0, steps, size):
            part = batches[:, start : start + size]
            yield EpochChunk(self._table, fill(part, size, axis=1), part.shape[1])


class HostFeed(BatchFeed):
    """The split stays in the host's memory; a thread sends the rows of the next steps ahead.

    The batches are those of `DeviceFeed`, so the results are, too.
    """

    def __init__(self, split: Split, spec: FeedSpec, place: Place, chunk_bytes: int) -> None:
        self._table, self._place, lengths = table_of(split, spec), place, split.lengths
        super().__init__(lengths, spec, table_bytes(self._table))
        rows = min(spec.batch_size, len(lengths)) * spec.seeds * len(spec.deals)
        token = split.width * split.itemsize if spec.tokens else 0
        longest = np.sort(lengths)[-rows:].sum() if rows < len(lengths) else lengths.sum()
        self._tokens = int(max(chunk_bytes // token, longest)) if token else 0
        layers = spec.layers.read * split.width * split.itemsize
        mean = rows * (lengths.mean() * max(token, 1) + layers)
        self._steps = int(np.clip(chunk_bytes // mean, 1, MOST_STEPS))
        self._rows = self._steps * rows

    def chunks(self, batches: Int[np.ndarray, "s n b"]) -> Iterator[EpochChunk]:
        """See `BatchFeed`."""
        return prefetch(self._parts(batches), self._send)

    def _parts(self, batches: Int[np.ndarray, "s n b"]) -> Iterator[Int[np.ndarray, "s m b"]]:
        """Runs of batches whose rows fit in a chunk."""
        tokens = np.where(batches >= 0, self.lengths[batches], 0).sum(axis=(0, 2))
        start = 0
        for stop in range(1, len(tokens) + 1):
            full = stop - start == self._steps or stop == len(tokens)
            if full or tokens[start : stop + 1].sum() > self._tokens:
                yield batches[:, start:stop]
                start = stop

    def _send(self, batches: Int[np.ndarray, "s m b"]) -> EpochChunk:
        rows, places = np.unique(np.maximum(batches, 0), return_inverse=True)
        table = padded(take(self._table, rows), self._tokens, self._rows)
        numbers = np.where(batches >= 0, places.reshape(batches.shape), -1).astype(np.int32)
        return EpochChunk(self._place(table), fill(numbers, self._steps, axis=1), batches.shape[1], rows)


class SubsetFeed(BatchFeed):
    """Draws batches of some rows from the feed of all rows, which holds the features.

    Args:
        base: Feed of all rows.
        index: Numbers of the rows to draw.
        spec: What the heads read, and how.
    """

    def __init__(self, base: BatchFeed, index: Int[np.ndarray, " r"], spec: FeedSpec) -> None:
        super().__init__(base.lengths[index], spec, base.held)
        self.base, self._index = base, index

    def chunks(self, batches: Int[np.ndarray, "s n b"]) -> Iterator[EpochChunk]:
        """See `BatchFeed`."""
        numbers = np.full(len(self.base.lengths), -1)
        numbers[self._index] = np.arange(len(self._index))
        rows = np.where(batches >= 0, self._index[batches], -1).astype(np.int32)
        for chunk in self.base.chunks(rows):
            yield chunk._replace(rows=numbers if chunk.rows is None else numbers[chunk.rows])


class ViewFeed:
    """Gives out one view after the other: epoch e is view (e - 1) mod K, whatever came before it.

    Args:
        feeds: Feed of each view.
        all_held: Whether all views are in memory all the time.
    """

    def __init__(self, feeds: Sequence[Feed], all_held: bool) -> None:
        self._feeds = feeds
        held = [feed.held for feed in feeds]
        self.held = sum(held) if all_held else max(held)

    def train(self, epoch: int) -> Iterator[EpochChunk]:
        """See `Feed`."""
        return self._feeds[(epoch - 1) % len(self._feeds)].train(epoch)

    def evaluate(self) -> Iterator[EpochChunk]:
        """Every row of the first view; see `Feed`."""
        return self._feeds[0].evaluate()


class StandardFeed:
    """Gives out a feed's chunks, each with the mean and scale of the training rows' layers.

    Args:
        feed: The feed.
        standard: Mean and scale, on the devices.
    """

    def __init__(self, feed: Feed, standard: Any) -> None:
        self._feed, self._standard, self.held = feed, standard, feed.held

    def train(self, epoch: int) -> Iterator[EpochChunk]:
        """See `Feed`."""
        return map(self._with_standard, self._feed.train(epoch))

    def evaluate(self) -> Iterator[EpochChunk]:
        """See `Feed`."""
        return map(self._with_standard, self._feed.evaluate())

    def _with_standard(self, chunk: EpochChunk) -> EpochChunk:
        return chunk._replace(table=chunk.table._replace(standard=self._standard))


def held_bytes(*feeds: Feed) -> int:
    """Bytes of features that feeds hold at the same time; what they share counts once."""
    bases = [feed.base if isinstance(feed, SubsetFeed) else feed for feed in feeds]
    return sum(feed.held for feed in {id(feed): feed for feed in bases}.values())
