"""A cache's splits as other systems take them: padded to the longest row allowed, float32, with a mask."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from headstart.cache.reader import open_cache

BATCH = 128


class Rows(NamedTuple):
    """Features of one split.

    Attributes:
        hidden: `[b, t, d]` float32, zero at padding.
        mask: `[b, t]` bool.
        pooled: `[b, 3, d]` float32: [CLS], max, mean.
        labels: `[b]` float32.
    """

    hidden: np.ndarray
    mask: np.ndarray
    pooled: np.ndarray
    labels: np.ndarray


def read_splits(location: str) -> dict[str, Rows]:
    """Read train, valid and test."""
    cache = open_cache(location)
    return {
        name: read_split(cache.split(name), cache.recipe.max_length) for name in ("train", "valid", "test")
    }


def read_split(split, length: int) -> Rows:
    mask = np.arange(length) < split.lengths[:, None]
    hidden = np.zeros((*mask.shape, split.hidden.shape[-1]), np.float32)
    hidden[mask] = split.hidden
    return Rows(hidden, mask, split.pooled.astype(np.float32), split.labels.astype(np.float32))


def shuffled(rows: int, random: np.random.Generator) -> Iterator[np.ndarray]:
    """Positions of an epoch's batches; the incomplete last batch is dropped, as in the notebook."""
    order = random.permutation(rows)
    for start in range(0, rows - BATCH + 1, BATCH):
        yield order[start : start + BATCH]
