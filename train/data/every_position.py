"""A padded cache's split as the notebook's heads saw it: no masks, every position of a row counts."""

import functools
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from headstart.cache.reader import CacheSplit


@dataclass(frozen=True)
class EveryPosition:
    """A split of a padded cache, as `train.data.split.Readable` whose rows all have t tokens.

    The pooled vectors of a padded cache are over all positions already.
    """

    split: CacheSplit

    @functools.cached_property
    def lengths(self) -> Int[np.ndarray, " b"]:
        """Positions of each row: t, whatever its real tokens."""
        return np.full_like(self.split.lengths, self.split.cache.recipe.positions)

    @property
    def hidden(self) -> Float[np.ndarray, "n d"]:
        """Hidden states of all positions, row after row."""
        hidden = self.split.hidden
        return hidden.reshape(-1, hidden.shape[-1])

    @property
    def labels(self) -> Int[np.ndarray, " b *k"]:
        """The split's labels."""
        return self.split.labels

    @property
    def rows(self) -> Int[np.ndarray, " b"]:
        """Position of each row in the data file."""
        return self.split.rows

    @property
    def texts(self) -> list[str]:
        """The cleaned texts."""
        return self.split.texts

    @property
    def pooled(self) -> Float[np.ndarray, "b 3 d"]:
        """First, maximum and mean vector over all positions."""
        return self.split.pooled
