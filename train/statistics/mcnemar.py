"""McNemar's exact test of two sets of decisions on the same rows, and Holm's correction for many tests."""

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import bdtr


def discordant(a: Bool[np.ndarray, " n"], b: Bool[np.ndarray, " n"]) -> tuple[int, int]:
    """Rows that only a has right, and rows that only b has right."""
    return int((a & ~b).sum()), int((b & ~a).sum())


def exact_p(only_a: int, only_b: int) -> float:
    """Two-sided p value of McNemar's exact test; 1 where the two are right on the same rows.

    If both are right equally often, each row that only one has right is a fair coin.

    Reference:
        Q. McNemar, Psychometrika 12 (1947); `scipy.stats.binomtest(only_a, only_a + only_b)`.
    """
    total = only_a + only_b
    return min(1.0, 2 * float(bdtr(min(only_a, only_b), total, 0.5))) if total else 1.0


def holm(p: Float[np.ndarray, " m"]) -> Float[np.ndarray, " m"]:
    """Adjusted p values: to reject where they are at most 0.05 errs anywhere with a chance of at most 0.05.

    It holds however the tests depend on one another, as those of ten heads on the same rows do.

    Reference:
        S. Holm, A simple sequentially rejective multiple test procedure, Scand. J. Statist. 6 (1979).
    """
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order])
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(steps, 1)
    return adjusted
