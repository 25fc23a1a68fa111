"""A few rows of a split, to try the whole path in seconds."""

import functools
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from train.batches import Features


@dataclass(frozen=True)
class FirstRows:
    """The first rows of a split, as `train.batches.Features`; hidden states are read when first asked for."""

    whole: Features
    lengths: Int[np.ndarray, " b"]
    labels: Int[np.ndarray, " b"]
    pooled: Float[np.ndarray, "b 3 d"]

    @functools.cached_property
    def hidden(self) -> Float[np.ndarray, "n d"]:
        """Hidden states of these rows' real tokens, row after row."""
        return self.whole.hidden[: int(self.lengths.sum())]


def first_rows(features: Features, count: int) -> FirstRows:
    """Take the first rows of a split, or all if there are fewer."""
    parts = features.lengths, features.labels, features.pooled
    return FirstRows(features, *(part[:count] for part in parts))
