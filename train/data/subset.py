"""Some rows of a split, as if they were all of it."""

import functools
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from headstart.cache.ragged import take_rows
from headstart.train.data.concat import Whole
from headstart.train.data.split import Readable


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
        """See `train.data.split.Features`."""
        return np.asarray(self.whole.lengths[self.chosen])

    @functools.cached_property
    def labels(self) -> Int[np.ndarray, " r *k"]:
        """See `train.data.split.Features`."""
        return np.asarray(self.whole.labels[self.chosen])

    @functools.cached_property
    def pooled(self) -> Float[np.ndarray, "r 3 d"]:
        """See `train.data.split.Features`."""
        return np.asarray(self.whole.pooled[self.chosen])

    @functools.cached_property
    def hidden(self) -> Float[np.ndarray, "n d"]:
        """See `train.data.split.Features`."""
        last = int(self.chosen.nonzero()[0][-1]) + 1
        if self.chosen[:last].all():  # the first rows need no copy
            return self.whole.hidden[: int(self.lengths.sum())]
        return take_rows(self.whole.hidden, self.whole.lengths, np.flatnonzero(self.chosen))

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


@dataclass(frozen=True)
class Chosen:
    """Some rows of a whole in any order, as `train.data.split.Readable`.

    Attributes:
        whole: all rows.
        chosen: numbers of the chosen ones.
    """

    whole: Whole
    chosen: Int[np.ndarray, " r"]

    @functools.cached_property
    def lengths(self) -> Int[np.ndarray, " r"]:
        """See `train.data.split.Features`."""
        return np.asarray(self.whole.lengths[self.chosen])

    @functools.cached_property
    def labels(self) -> Int[np.ndarray, " r *k"]:
        """See `train.data.split.Features`."""
        return np.asarray(self.whole.labels[self.chosen])

    @property
    def pooled(self) -> Float[np.ndarray, "r 3 d"]:
        """See `train.data.split.Features`."""
        return np.asarray(self.whole.pooled[self.chosen])

    @property
    def hidden(self) -> Float[np.ndarray, "n d"]:
        """See `train.data.split.Features`; a copy, which training does without."""
        return take_rows(self.whole.hidden, self.whole.lengths, self.chosen)

    @functools.cached_property
    def rows(self) -> Int[np.ndarray, " r"]:
        """Position of each row in the data file."""
        return np.asarray(self.whole.rows[self.chosen])

    @property
    def texts(self) -> list[str]:
        """The cleaned texts."""
        return [self.whole.texts[row] for row in self.chosen]
