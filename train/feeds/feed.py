"""From a split to chunks on the device: whole, piece by piece from the host, some rows, or one view of several."""

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int

from headstart.cache.runtime.prefetch import prefetch
from headstart.train.data.split import Features
from headstart.train.engine.passes import Passes
from headstart.train.feeds.sampler import Wanted
from headstart.train.feeds.table import Chunk, fill, gathered, padded, table_bytes

MOST_STEPS = 64
"""Of a chunk: few enough that an interruption is heard soon, so many that a dispatch costs nothing beside them."""


@runtime_checkable
class Feed(Protocol):
    """Gives out the chunks of an epoch.

    Attributes:
        held: the most bytes of features that were held at once.
    """

    held: int

    def train(self, epoch: int) -> Iterator[Chunk]:
        """Shuffled batches of an epoch, counted from 1, for every seed."""

    def evaluate(self) -> Iterator[Chunk]:
        """Every row once, the same for every seed."""


class DeviceFeed:
    """The whole split stays on the device; only places of rows travel."""

    def __init__(self, features: Features, wanted: Wanted, passes: Passes) -> None:
        self._wanted, self._lengths = wanted, features.lengths
        table = gathered(features, None, wanted)
        self._table = passes.place(table)
        self.held = table_bytes(table)

    def train(self, epoch: int) -> Iterator[Chunk]:
        """See `Feed`."""
        return self.chunks(self._wanted.train(self._lengths, epoch))

    def evaluate(self) -> Iterator[Chunk]:
        """See `Feed`."""
        return self.chunks(self._wanted.evaluate(self._lengths))

    def chunks(self, batches: Int[np.ndarray, "s n b"]) -> Iterator[Chunk]:
        """Give out batches of any rows, which are named by their numbers; -1 where a row only fills up."""
        steps = batches.shape[1]
        size = min(steps, MOST_STEPS) if self._wanted.tokens else steps
        for start in range(0, steps, size):
            part = batches[:, start : start + size]
            yield Chunk(self._table, fill(part, size, axis=1), part.shape[1])


class HostFeed:
    """The split stays in the host's memory; a thread sends the rows of the next steps ahead.

    The batches are those of `DeviceFeed`, so the results are, too.
    """

    def __init__(self, features: Features, wanted: Wanted, passes: Passes, chunk_bytes: int) -> None:
        self._features, self._wanted, self._passes = features, wanted, passes
        lengths = features.lengths
        rows = min(wanted.batch_size, len(lengths)) * wanted.seeds
        token = features.hidden.shape[1] * features.hidden.itemsize if wanted.tokens else 0
        longest = np.sort(lengths)[-rows:].sum() if rows < len(lengths) else lengths.sum()
        self._tokens = int(max(chunk_bytes // token, longest)) if token else 0
        mean = rows * lengths.mean() * max(token, 1)
        self._steps = int(np.clip(chunk_bytes // mean, 1, MOST_STEPS))
        self._rows = self._steps * rows
        parts = [features.hidden] * wanted.tokens + [features.pooled] * wanted.pooled
        self.held = sum(part.nbytes for part in parts)

    def train(self, epoch: int) -> Iterator[Chunk]:
        """See `Feed`."""
        return self.chunks(self._wanted.train(self._features.lengths, epoch))

    def evaluate(self) -> Iterator[Chunk]:
        """See `Feed`."""
        return self.chunks(self._wanted.evaluate(self._features.lengths))

    def chunks(self, batches: Int[np.ndarray, "s n b"]) -> Iterator[Chunk]:
        """Give out batches of any rows, which are named by their numbers; -1 where a row only fills up."""
        return prefetch(self._parts(batches), self._send)

    def _parts(self, batches: Int[np.ndarray, "s n b"]) -> Iterator[Int[np.ndarray, "s m b"]]:
        """Runs of batches whose rows fit in a chunk."""
        tokens = np.where(batches >= 0, self._features.lengths[batches], 0).sum(axis=(0, 2))
        start = 0
        for stop in range(1, len(tokens) + 1):
            full = stop - start == self._steps or stop == len(tokens)
            if full or tokens[start : stop + 1].sum() > self._tokens:
                yield batches[:, start:stop]
                start = stop

    def _send(self, batches: Int[np.ndarray, "s m b"]) -> Chunk:
        rows, places = np.unique(np.maximum(batches, 0), return_inverse=True)
        table = gathered(self._features, rows, self._wanted)
        table = padded(table, self._tokens, self._rows)
        own = np.where(batches >= 0, places.reshape(batches.shape), -1).astype(np.int32)
        return Chunk(self._passes.place(table), fill(own, self._steps, axis=1), batches.shape[1], rows)


class ChosenFeed:
    """Draws batches of some rows; its chunks name rows of the whole.

    Args:
        base: feed of all rows.
        lengths: tokens of every row.
        chosen: numbers of the rows to draw.
        wanted: by the heads.
    """

    def __init__(
        self,
        base: DeviceFeed | HostFeed,
        lengths: Int[np.ndarray, " b"],
        chosen: Int[np.ndarray, " r"],
        wanted: Wanted,
    ) -> None:
        self.base, self.held = base, base.held
        self._chosen, self._lengths, self._wanted = chosen, lengths[chosen], wanted

    def train(self, epoch: int) -> Iterator[Chunk]:
        """See `train.feeds.feed.Feed`."""
        return self._drawn(self._wanted.train(self._lengths, epoch))

    def evaluate(self) -> Iterator[Chunk]:
        """See `train.feeds.feed.Feed`."""
        return self._drawn(self._wanted.evaluate(self._lengths))

    def _drawn(self, batches: Int[np.ndarray, "s n b"]) -> Iterator[Chunk]:
        numbers = np.where(batches >= 0, self._chosen[batches], -1)
        return self.base.chunks(numbers.astype(np.int32))


def held(*feeds: Feed) -> int:
    """Bytes of features that feeds hold together; what they share counts once."""
    bases = [feed.base if isinstance(feed, ChosenFeed) else feed for feed in feeds]
    return sum(feed.held for feed in {id(feed): feed for feed in bases}.values())


class ViewFeed:
    """Gives out one view after the other: epoch e is view (e - 1) mod K, whatever came before it.

    Args:
        feeds: of the views.
        together: all are in memory all the time.
    """

    def __init__(self, feeds: Sequence[Feed], together: bool) -> None:
        self._feeds = feeds
        held = [feed.held for feed in feeds]
        self.held = sum(held) if together else max(held)

    def train(self, epoch: int) -> Iterator[Chunk]:
        """See `train.feeds.feed.Feed`."""
        return self._feeds[(epoch - 1) % len(self._feeds)].train(epoch)

    def evaluate(self) -> Iterator[Chunk]:
        """Every row of the first view; see `train.feeds.feed.Feed`."""
        return self._feeds[0].evaluate()
