"""Some rows of a feed that holds more: folds share one copy of the features, and compiled programs."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Int

from train.feed import DeviceFeed, Feed, HostFeed
from train.table import Chunk
from train.wanted import Wanted


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
        """See `train.feed.Feed`."""
        return self._drawn(self._wanted.train(self._lengths, epoch))

    def evaluate(self) -> Iterator[Chunk]:
        """See `train.feed.Feed`."""
        return self._drawn(self._wanted.evaluate(self._lengths))

    def _drawn(self, batches: Int[np.ndarray, "s n b"]) -> Iterator[Chunk]:
        numbers = np.where(batches >= 0, self._chosen[batches], -1)
        return self.base.chunks(numbers.astype(np.int32))


def held(*feeds: Feed) -> int:
    """Bytes of features that feeds hold together; what they share counts once."""
    bases = [feed.base if isinstance(feed, ChosenFeed) else feed for feed in feeds]
    return sum(feed.held for feed in {id(feed): feed for feed in bases}.values())
