"""Views of splits, which can be composed: some rows, several splits as one, every position, dropout."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from headstart.cache.ragged import row_bounds, take_rows
from headstart.cache.reader import CacheSplit
from headstart.train.data.split import Split


@dataclass(frozen=True, eq=False)
class SplitView:
    """A `Split` that is its base's in everything that a view does not change.

    Attributes:
        base: The split.
    """

    base: Split

    @property
    def hidden(self) -> Float[np.ndarray, "n d"]:
        """See `train.data.split.Split`, like the rest."""
        return self.base.hidden

    @property
    def lengths(self) -> Int[np.ndarray, " b"]:
        """Tokens of each row, int32."""
        return self.base.lengths

    @property
    def labels(self) -> Int[np.ndarray, " b *k"]:
        """Label or labels of each row."""
        return self.base.labels

    @property
    def pooled(self) -> Float[np.ndarray, "b 3 d"]:
        """First, maximum and mean vector of each row."""
        return self.base.pooled

    @property
    def rows(self) -> Int[np.ndarray, " b"]:
        """Position of each row in the data file."""
        return self.base.rows

    @property
    def texts(self) -> list[str]:
        """The cleaned texts."""
        return self.base.texts

    @property
    def width(self) -> int:
        """Size d of a hidden vector."""
        return self.base.width

    @property
    def itemsize(self) -> int:
        """Bytes of one number of a hidden vector."""
        return self.base.itemsize

    def read(self, field: str, start: int, stop: int) -> Float[np.ndarray, "n ..."]:
        """Rows `start` to `stop` of `pooled` or `layers`, or their tokens in `hidden`."""
        return self.base.read(field, start, stop)


@dataclass(frozen=True, eq=False)
class Subset(SplitView):
    """Some rows of a split.

    Features are copied whenever they are asked for, so that a fold keeps none; those of the first rows need no copy.

    Attributes:
        index: Positions of the rows in the base, in any order.
    """

    index: Int[np.ndarray, " r"]

    @functools.cached_property
    def lengths(self) -> Int[np.ndarray, " r"]:
        """Tokens of each row, int32."""
        return np.asarray(self.base.lengths[self.index])

    @functools.cached_property
    def labels(self) -> Int[np.ndarray, " r *k"]:
        """Label or labels of each row."""
        return np.asarray(self.base.labels[self.index])

    @functools.cached_property
    def rows(self) -> Int[np.ndarray, " r"]:
        """Position of each row in the data file."""
        return np.asarray(self.base.rows[self.index])

    @property
    def texts(self) -> list[str]:
        """The cleaned texts."""
        texts = self.base.texts
        return [texts[row] for row in self.index]

    @property
    def pooled(self) -> Float[np.ndarray, "r 3 d"]:
        """First, maximum and mean vector of each row."""
        return self.base.pooled[: len(self.index)] if self._first_rows else self.base.pooled[self.index]

    @property
    def hidden(self) -> Float[np.ndarray, "n d"]:
        """Hidden states of all tokens, row after row."""
        if self._first_rows:
            return self.base.hidden[: int(self.lengths.sum())]
        return take_rows(self.base.hidden, self.base.lengths, self.index)

    @property
    def _first_rows(self) -> bool:
        return bool(np.array_equal(self.index, np.arange(len(self.index))))

    def read(self, field: str, start: int, stop: int) -> Float[np.ndarray, "n ..."]:
        """Rows `start` to `stop` of `pooled` or `layers`, or their tokens in `hidden`; all between are read, too."""
        rows = self.index[start:stop]
        first, last = int(rows.min()), int(rows.max()) + 1
        values = self.base.read(field, first, last)
        if field != "hidden":
            return np.asarray(values[rows - first])
        return take_rows(values, self.base.lengths[first:last], rows - first)


class Concat:
    """Several splits one after another, as one `Split`.

    Args:
        parts: The splits.
        reopen: Opens the part of that number anew: its hidden states go where all of them are, and are not kept twice.
    """

    def __init__(self, parts: Sequence[Split], reopen: Callable[[int], Split]) -> None:
        self._parts, self._reopen = parts, reopen
        self.width, self.itemsize = parts[0].width, parts[0].itemsize

    @functools.cached_property
    def lengths(self) -> Int[np.ndarray, " b"]:
        """Tokens of each row, int32."""
        return np.concatenate([part.lengths for part in self._parts])

    @functools.cached_property
    def labels(self) -> Int[np.ndarray, " b *k"]:
        """Label or labels of each row."""
        return np.concatenate([part.labels for part in self._parts])

    @functools.cached_property
    def pooled(self) -> Float[np.ndarray, "b 3 d"]:
        """First, maximum and mean vector of each row."""
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
        """Hidden states of all tokens; the splits are read one after another into one array."""
        bounds = row_bounds(np.array([part.lengths.sum() for part in self._parts]))
        first = self._reopen(0).hidden
        whole = np.empty((int(bounds[-1]), self.width), first.dtype)
        whole[: bounds[1]] = first
        del first
        for part in range(1, len(self._parts)):
            whole[bounds[part] : bounds[part + 1]] = self._reopen(part).hidden
        return whole

    def read(self, field: str, start: int, stop: int) -> Float[np.ndarray, "n ..."]:
        """Rows `start` to `stop` of `pooled` or `layers`, or their tokens in `hidden`."""
        bounds = row_bounds(np.array([len(part.labels) for part in self._parts]))
        values = []
        for part, begin, end in zip(self._parts, bounds[:-1], bounds[1:], strict=True):
            first, last = max(start, int(begin)), min(stop, int(end))
            if first < last:
                values.append(part.read(field, first - int(begin), last - int(begin)))
        return np.concatenate(values)


@dataclass(frozen=True, eq=False)
class EveryPosition(SplitView):
    """A padded cache's split as the notebook's heads saw it: no masks, all t positions of a row are its tokens.

    The pooled vectors of a padded cache are over all positions already.

    Attributes:
        base: A padded cache's split.
    """

    base: CacheSplit

    @functools.cached_property
    def lengths(self) -> Int[np.ndarray, " b"]:
        """Positions of each row: t, whatever its real tokens."""
        return np.full_like(self.base.lengths, self.base.cache.recipe.positions)

    @property
    def hidden(self) -> Float[np.ndarray, "n d"]:
        """Hidden states of all positions, row after row."""
        return self.base.hidden.reshape(-1, self.width)

    def read(self, field: str, start: int, stop: int) -> Float[np.ndarray, "n ..."]:
        """Rows `start` to `stop` of `pooled` or `layers`, or their positions in `hidden`."""
        values = self.base.read(field, start, stop)
        return values.reshape(-1, self.width) if field == "hidden" else values


@dataclass(frozen=True, eq=False)
class DropoutViews(SplitView):
    """A training split whose epochs each learn from another view, as the notebook's epochs each drew other dropout.

    It is the base, without dropout, to whoever does not train.

    Attributes:
        views: The same rows with dropout; only these are learnt from.
    """

    views: tuple[Split, ...]


def subset(split: Split, index: Int[np.ndarray, " r"]) -> Split:
    """Some rows of a split, and of its dropout views where it has any."""
    if isinstance(split, DropoutViews):
        return DropoutViews(subset(split.base, index), tuple(subset(view, index) for view in split.views))
    if isinstance(split, Subset):
        return Subset(split.base, split.index[index])
    return Subset(split, index)


def learnt_from(split: Split) -> tuple[Split, ...]:
    """What training reads, epoch after epoch: the dropout views in turn where there are any, else the split."""
    return split.views if isinstance(split, DropoutViews) else (split,)


def held_rows(split: Split) -> tuple[Split, Int[np.ndarray, " r"] | None]:
    """The split whose features are held in memory for this one, and which of its rows are meant; None for all.

    The folds of a `Concat` share its features. Every other subset has its features to itself.
    """
    if isinstance(split, Subset) and isinstance(split.base, Concat):
        return split.base, split.index
    return split, None
