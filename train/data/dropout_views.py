"""Views of the training rows: each epoch sees one, as the notebook's epochs each drew other dropout."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from headstart.train.data.split import Features, Readable


@dataclass(frozen=True)
class Views:
    """A training split and its views, as `train.data.split.Readable` that is the split's own, without dropout.

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


def each(split: Readable, change: Callable[..., Readable], *arguments: object) -> Readable:
    """Change a split, and its views where it has any: `change(split, *arguments)`."""
    if isinstance(split, Views):
        return Views(change(split.plain, *arguments), tuple(change(own, *arguments) for own in split.views))
    return change(split, *arguments)


def learnt_from(features: Features) -> tuple[Features, ...]:
    """What is read in training: the views, where there are any."""
    return features.views if isinstance(features, Views) else (features,)
