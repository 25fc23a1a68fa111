"""A few rows of a split, to try the whole path in seconds."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from train.batches import Features


@dataclass(frozen=True)
class FirstRows:
    """The first rows of a split, as `train.batches.Features`."""

    hidden: Float[np.ndarray, "n d"]
    lengths: Int[np.ndarray, " b"]
    labels: Int[np.ndarray, " b"]
    pooled: Float[np.ndarray, "b 3 d"]


def first_rows(features: Features, count: int) -> FirstRows:
    """Take the first rows of a split, or all if there are fewer."""
    lengths = features.lengths[:count]
    hidden = features.hidden[: int(lengths.sum())]
    return FirstRows(hidden, lengths, features.labels[:count], features.pooled[:count])
