"""Some rows of a split, as if they were all of it."""

import functools
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int

from train.batches import Features
from train.wanted import tokens_of


@runtime_checkable
class Readable(Features, Protocol):
    """A split of a cache, its texts and row numbers included."""

    @property
    def rows(self) -> Int[np.ndarray, " b"]:
        """Position of each row in the data file."""

    @property
    def texts(self) -> list[str]:
        """The cleaned texts."""


@dataclass(frozen=True)
class SomeRows:
    """Some rows of a split, in its order; each array is read, and copied, when it is first asked for.

    Attributes:
        whole: the split.
        chosen: which rows.
    """

    whole: Readable
    chosen: Bool[np.ndarray, " b"]

    @functools.cached_property
    def lengths(self) -> Int[np.ndarray, " r"]:
        """See `train.batches.Features`."""
        return np.asarray(self.whole.lengths[self.chosen])

    @functools.cached_property
    def labels(self) -> Int[np.ndarray, " r *k"]:
        """See `train.batches.Features`."""
        return np.asarray(self.whole.labels[self.chosen])

    @functools.cached_property
    def pooled(self) -> Float[np.ndarray, "r 3 d"]:
        """See `train.batches.Features`."""
        return np.asarray(self.whole.pooled[self.chosen])

    @functools.cached_property
    def hidden(self) -> Float[np.ndarray, "n d"]:
        """See `train.batches.Features`."""
        last = int(self.chosen.nonzero()[0][-1]) + 1
        if self.chosen[:last].all():  # the first rows need no copy
            return self.whole.hidden[: int(self.lengths.sum())]
        return tokens_of(self.whole, np.flatnonzero(self.chosen))

    @functools.cached_property
    def rows(self) -> Int[np.ndarray, " r"]:
        """Position of each row in the data file."""
        return np.asarray(self.whole.rows[self.chosen])

    @functools.cached_property
    def texts(self) -> list[str]:
        """The cleaned texts."""
        return [text for text, kept in zip(self.whole.texts, self.chosen, strict=True) if kept]


def first_rows(split: Readable, count: int) -> SomeRows:
    """The first rows of a split, or all if there are fewer."""
    return SomeRows(split, np.arange(len(split.labels)) < count)
