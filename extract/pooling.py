"""First, maximum and mean vector of every row, from the values as they are stored."""

import numpy as np
from jaxtyping import Float, Int


def pool_rows(hidden: Float[np.ndarray, "n d"], lengths: Int[np.ndarray, " b"]) -> Float[np.ndarray, "b 3 d"]:
    """Pool rows that stand one after another.

    Args:
        hidden: row i starts at `lengths[:i].sum()`.
        lengths: tokens of each row, at least 1.

    Returns:
        In the dtype of `hidden`; means are taken in float32.
    """
    starts = np.cumsum(lengths, dtype=np.int64) - lengths
    values = hidden.astype(np.float32)
    with np.errstate(invalid="ignore"):  # what is not finite stays so, and the caller looks for it
        mean = np.add.reduceat(values, starts, axis=0) / lengths[:, None].astype(np.float32)
    highest = np.maximum.reduceat(values, starts, axis=0)
    return np.stack([values[starts], highest, mean], axis=1).astype(hidden.dtype)
