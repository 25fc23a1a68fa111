"""From rows of unequal lengths, stored one after another, to a rectangle and its mask."""

import numpy as np
from jaxtyping import Bool, Float, Int

# Every padded length is compiled anew, and of 128 random rows one is nearly always long: Wikipedia comments
# come out at 150 whatever the buckets, tweets at 98 on average with multiples of 32 (4 shapes), at 92 with
# multiples of 16 (7 shapes), at 150 with none (1 shape).
BUCKET = 32


def bucket_length(longest: int, limit: int) -> int:
    """Smallest multiple of `BUCKET` that holds `longest` tokens, but never more than `limit`."""
    return min(-(-longest // BUCKET) * BUCKET, limit)


def pad_rows(
    hidden: Float[np.ndarray, "n d"], lengths: Int[np.ndarray, " r"], rows: Int[np.ndarray, " b"]
) -> tuple[Float[np.ndarray, "b t d"], Bool[np.ndarray, "b t"]]:
    """Gather some rows' tokens, filled up with zeros to a common length.

    Args:
        hidden: all rows' tokens, row after row; any float type, which stays.
        lengths: tokens of every row, all at least 1.
        rows: which rows, in the order wanted; a row may be asked for more than once.

    Returns:
        The tokens, and a mask that is True where they are real; t is a `bucket_length`.
    """
    starts = np.cumsum(lengths, dtype=np.int64) - lengths
    span = np.arange(bucket_length(int(lengths[rows].max()), int(lengths.max())))
    mask = span < lengths[rows, None]
    # mode="clip" skips the bounds check, a quarter of the time; where() keeps padding inside the array
    padded = np.take(hidden, np.where(mask, starts[rows, None] + span, 0), axis=0, mode="clip")
    padded[~mask] = 0
    return padded, mask
