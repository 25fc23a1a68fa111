"""Views of the training rows: each epoch sees one, as the notebook's epochs each drew other dropout."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from train.batches import Features
from train.feed import Feed
from train.some_rows import Readable
from train.table import Chunk


@dataclass(frozen=True)
class Views:
    """A training split and its views, as `train.some_rows.Readable` that is the split's own, without dropout.

    Attributes:
        plain: the split.
        views: the same rows with dropout; only these are learnt from.
    """

    plain: Readable
    views: tuple[Readable, ...]

    @property
    def hidden(self) -> Float[np.ndarray, "n d"]:
        """Hidden states without dropout."""
        return self.plain.hidden

    @property
    def lengths(self) -> Int[np.ndarray, " b"]:
        """Tokens of each row, the same in all views."""
        return self.plain.lengths

    @property
    def labels(self) -> Int[np.ndarray, " b *k"]:
        """Labels, the same in all views."""
        return self.plain.labels

    @property
    def pooled(self) -> Float[np.ndarray, "b 3 d"]:
        """Pooled vectors without dropout."""
        return self.plain.pooled

    @property
    def rows(self) -> Int[np.ndarray, " b"]:
        """Position of each row in the data file."""
        return self.plain.rows

    @property
    def texts(self) -> list[str]:
        """The cleaned texts."""
        return self.plain.texts


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
        """See `train.feed.Feed`."""
        return self._feeds[(epoch - 1) % len(self._feeds)].train(epoch)

    def evaluate(self) -> Iterator[Chunk]:
        """Every row of the first view; see `train.feed.Feed`."""
        return self._feeds[0].evaluate()


def each(split: Readable, change: Callable[..., Readable], *arguments: object) -> Readable:
    """Change a split, and its views where it has any: `change(split, *arguments)`."""
    if isinstance(split, Views):
        return Views(change(split.plain, *arguments), tuple(change(own, *arguments) for own in split.views))
    return change(split, *arguments)


def learnt_from(features: Features) -> tuple[Features, ...]:
    """What is read in training: the views, where there are any."""
    return features.views if isinstance(features, Views) else (features,)
