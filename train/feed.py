"""From a split to chunks on the device: whole, or piece by piece from the host's memory."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int

from train.batches import Features
from train.prefetch import prefetch
from train.seeds import Passes
from train.table import Chunk, table_bytes
from train.wanted import Wanted, fill, gathered, padded

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
