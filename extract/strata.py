"""What `--stratify` holds in proportion: classes, and combinations of labels."""

import numpy as np
from jaxtyping import Int

FEWEST = 10  # rows of a stratum: with fewer, a tenth of them is no row


def strata_of(labels: Int[np.ndarray, " b *k"]) -> Int[np.ndarray, " b"]:
    """Number of each row's stratum: its class, or its combination of labels.

    Those of fewer than 10 rows are pooled into one, and this joins the largest other one if it is still too small.
    So every stratum can be dealt 80 : 10 : 10, but a pooled class may miss a split.
    """
    _, numbers, counts = np.unique(labels, axis=0, return_inverse=True, return_counts=True)
    strata: np.ndarray = numbers.reshape(-1)
    small = counts < FEWEST
    large = np.flatnonzero(~small)
    pooled = counts[small].sum()
    if 0 < pooled < FEWEST and len(large):
        strata = np.where(small[strata], large[counts[large].argmax()], strata)
    elif pooled:
        strata = np.where(small[strata], len(counts), strata)
    return strata.astype(np.int64)
