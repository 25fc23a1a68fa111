"""A split in memory, for tests that need no cache."""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class HeldSplit:
    """A `train.data.split.Split` whose arrays are its fields."""

    hidden: np.ndarray | None
    lengths: np.ndarray
    labels: np.ndarray
    pooled: np.ndarray
    rows: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    texts: list = field(default_factory=list)
    layers: np.ndarray | None = None

    @property
    def width(self):
        return self.pooled.shape[-1]

    @property
    def itemsize(self):
        return self.pooled.itemsize

    def read(self, name, start, stop):
        if name != "hidden":
            return getattr(self, name)[start:stop]
        return self.hidden[self.lengths[:start].sum() : self.lengths[:stop].sum()]

    def tokens(self, row):
        return self.read("hidden", row, row + 1)
