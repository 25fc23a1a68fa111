"""All rows of a cache as one, and some of them without a copy: what folds are made of."""

import functools
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, Int

from headstart.train.data.split import Readable
from headstart.train.feeds.feed import Feed


class Whole:
    """Several splits one after another, as `train.data.split.Readable`.

    Args:
        parts: the splits.
        again: opens a split anew: its hidden states go where all of them are, and are not kept twice.
    """

    def __init__(self, parts: Sequence[Readable], again: Callable[[int], Readable]) -> None:
        self._parts, self._again = parts, again
        self._feed: Feed | None = None

    @functools.cached_property
    def lengths(self) -> Int[np.ndarray, " b"]:
        """See `train.data.split.Features`."""
        return np.concatenate([part.lengths for part in self._parts])

    @functools.cached_property
    def labels(self) -> Int[np.ndarray, " b *k"]:
        """See `train.data.split.Features`."""
        return np.concatenate([part.labels for part in self._parts])

    @functools.cached_property
    def pooled(self) -> Float[np.ndarray, "b 3 d"]:
        """See `train.data.split.Features`."""
        return np.concatenate([part.pooled for part in self._parts])

    @functools.cached_property
    def rows(self) -> Int[np.ndarray, " b"]:
        """Position of each row in the data file."""
        return np.concatenate([part.rows for part in self._parts])

    @functools.cached_property
    def texts(self) -> list[str]:
        """The cleaned texts."""
        return [text for part in self._parts for text in part.texts]

    @functools.cached_property
    def hidden(self) -> Float[np.ndarray, "n d"]:
        """See `train.data.split.Features`; the splits are read one after another into one array."""
        sizes = [int(part.lengths.sum()) for part in self._parts]
        ends = np.cumsum(sizes)
        first = self._again(0).hidden
        whole = np.empty((int(ends[-1]), first.shape[1]), first.dtype)
        whole[: sizes[0]] = first
        del first
        for at in range(1, len(sizes)):
            whole[ends[at - 1] : ends[at]] = self._again(at).hidden
        return whole

    def shared(self, open_feed: Callable[[], Feed]) -> Feed:
        """The one feed of all rows, opened when it is first asked for: all folds draw from it."""
        if self._feed is None:
            self._feed = open_feed()
        return self._feed
