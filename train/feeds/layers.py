"""The pooled vectors of layers that heads read of a split: those alone are held in memory."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from headstart.train.data.split import Split

SPAN = 4096
"""Rows that are read at once, with all their layers, before the ones that are not asked for are left out."""


class LayerViews(NamedTuple):
    """Which of the vectors that a cache holds of its layers.

    Attributes:
        states: Positions of the layers in `layers [b, m, 3, d]`, ascending.
        vectors: Positions of the vectors, ascending.
    """

    states: tuple[int, ...] = ()
    vectors: tuple[int, ...] = ()

    @property
    def read(self) -> int:
        """Number of the vectors of each row."""
        return len(self.states) * len(self.vectors)


def read_layers(split: Split, views: LayerViews, start: int, stop: int) -> Float[np.ndarray, "r m v d"]:
    """Read vectors of rows `start` to `stop`; never more than a span of the others with them.

    Raises:
        CacheError: the bytes cannot be trusted.
    """
    whole = np.empty((0, len(views.states), len(views.vectors), split.width), np.float16)
    for first in range(start, stop, SPAN):
        last = min(first + SPAN, stop)
        part = split.read("layers", first, last)[:, views.states][:, :, views.vectors]
        if first == start:
            whole = np.empty((stop - start, *part.shape[1:]), part.dtype)
        whole[first - start : last - start] = part
    return whole
