"""What a split of a cache offers to whoever trains on it."""

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int


@runtime_checkable
class Split(Protocol):
    """One split of a feature cache, or a view of it; each array is read only if something asks for it."""

    @property
    def hidden(self) -> Float[np.ndarray, "n d"]:
        """Hidden states of all tokens, row after row."""

    @property
    def lengths(self) -> Int[np.ndarray, " b"]:
        """Tokens of each row, int32."""

    @property
    def labels(self) -> Int[np.ndarray, " b *k"]:
        """Class of each row, or 0 or 1 for each class, int32; see `cache.task`."""

    @property
    def pooled(self) -> Float[np.ndarray, "b 3 d"]:
        """First, maximum and mean vector of each row's tokens."""

    @property
    def rows(self) -> Int[np.ndarray, " b"]:
        """Position of each row in the data file."""

    @property
    def texts(self) -> list[str]:
        """The cleaned texts."""

    @property
    def width(self) -> int:
        """Size d of a hidden vector."""

    @property
    def itemsize(self) -> int:
        """Bytes of one number of a hidden vector."""

    def read(self, field: str, start: int, stop: int) -> Float[np.ndarray, "n ..."]:
        """Rows `start` to `stop` of `pooled` or `layers [b, m, 3, d]`, or their tokens in `hidden`, without the others.

        Raises:
            CacheError: the bytes cannot be trusted.
        """
