"""What a split of a cache offers to whoever reads it."""

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int


@runtime_checkable
class Features(Protocol):
    """One split of a feature cache; each array is read only if something asks for it."""

    @property
    def hidden(self) -> Float[np.ndarray, "n d"]:
        """Hidden states of all real tokens, row after row."""

    @property
    def lengths(self) -> Int[np.ndarray, " b"]:
        """Tokens of each row, int32."""

    @property
    def labels(self) -> Int[np.ndarray, " b *k"]:
        """Class of each row, or 0 or 1 for each class, int32; see `cache.task`."""

    @property
    def pooled(self) -> Float[np.ndarray, "b 3 d"]:
        """First, maximum and mean vector of each row's tokens."""


@runtime_checkable
class Readable(Features, Protocol):
    """A split of a cache, its texts and row numbers included."""

    @property
    def rows(self) -> Int[np.ndarray, " b"]:
        """Position of each row in the data file."""

    @property
    def texts(self) -> list[str]:
        """The cleaned texts."""
