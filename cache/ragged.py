"""Rows of different lengths, stored one after another without padding."""

import numpy as np
from jaxtyping import Int, Shaped


def take_rows(
    hidden: Shaped[np.ndarray, "n d"], lengths: Int[np.ndarray, " b"], rows: Int[np.ndarray, " r"]
) -> Shaped[np.ndarray, "m d"]:
    """The tokens of some rows, one row after another.

    Args:
        hidden: tokens of all rows.
        lengths: tokens of each row.
        rows: which rows, in any order, at least one.
    """
    starts = np.cumsum(lengths, dtype=np.int64) - lengths
    counts = lengths[rows]
    ends = np.cumsum(counts, dtype=np.int64)
    places = np.arange(ends[-1]) - np.repeat(ends - counts, counts) + np.repeat(starts[rows], counts)
    tokens: np.ndarray = np.take(hidden, places, axis=0, mode="clip")
    return tokens
