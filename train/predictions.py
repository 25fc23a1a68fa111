"""Logits of every row of a split, by the heads that were trained together."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float32, PyTree

from train.feed import Feed
from train.seeds import Passes


def predict(
    passes: Passes, params: Mapping[str, PyTree], feed: Feed, rows: int
) -> dict[str, Float32[np.ndarray, "s n k"]]:
    """Logits of each head and seed, in the split's order.

    Args:
        passes: the heads.
        params: of each head; the first axis of every leaf is the seed.
        feed: the split's.
        rows: how many it has.
    """
    found: dict[str, np.ndarray] = {}
    for chunk in feed.evaluate():
        places, logits = passes.logits(params, chunk)
        numbers = places if chunk.rows is None else chunk.rows[places]
        for name, own in logits.items():
            whole = found.setdefault(name, np.full((len(own), rows, own.shape[-1]), np.nan, np.float32))
            for seed, real in enumerate(places >= 0):
                whole[seed, numbers[seed][real]] = own[seed][real]
    return found
