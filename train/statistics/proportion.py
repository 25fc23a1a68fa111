"""Intervals of a share of rows, and of the difference of two: they hold from the first row on.

Resamples of rows that all agree agree, too: their percentiles call 20 of 20 rows "1.000 to 1.000". These intervals come
from counts instead, and say what so few rows can show.
"""

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import betaincinv, stdtrit

from headstart.train.statistics.bootstrap import LEVEL

TAIL = (1 - LEVEL) / 2


def clopper_pearson(count: float | int, trials: float | int) -> tuple[float, float]:
    """Exact 95 % interval of a probability, from how many of some trials succeeded; fractions are allowed.

    Reference:
        C. J. Clopper, E. S. Pearson, Biometrika 26 (1934); `scipy.stats.binomtest(count, trials).proportion_ci()`.
    """
    low = betaincinv(count, trials - count + 1, TAIL) if count > 0 else 0.0
    high = betaincinv(count + 1, trials - count, 1 - TAIL) if count < trials else 1.0
    return float(low), float(high)


def accuracy_interval(right: Bool[np.ndarray, "d n"]) -> tuple[float, float]:
    """95 % interval of the share of right decisions, over other rows; of one decision a row Clopper and Pearson's.

    Several decisions about a row, of seeds or labels, are worth more than one, and less than as many rows as they
    are: as many as their variance over rows says, which few rows know little about.

    Args:
        right: Whether each of d decisions about each of n rows is right.

    Reference:
        E. L. Korn, B. I. Graubard, Confidence intervals for proportions with small expected number of positive
        counts estimated from survey data, Survey Methodology 24 (1998).
    """
    decisions, rows = right.shape
    share, shares = float(right.mean()), right.mean(axis=0)
    variance = float(shares.var(ddof=1)) if rows > 1 else 0.0
    worth = share * (1 - share) / variance if variance > 0 else 1.0
    known = float(stdtrit(1e9, TAIL) / stdtrit(rows - 1, TAIL)) ** 2 if rows > 1 else 1.0
    trials = rows * min(max(worth * known, 1.0), decisions)
    return clopper_pearson(share * trials, trials)


def difference_interval(
    a: Float[np.ndarray, " n"], b: Float[np.ndarray, " m"], paired: bool
) -> tuple[float, float]:
    """95 % interval of the mean of a less that of b: Student's, with two more rows that speak for either side.

    Without these, rows on which two heads agree would prove them equal.

    Args:
        a: Share of the seeds that decide each row rightly.
        b: That of another head, on the same rows or on others.
        paired: Whether the rows are the same.

    Reference:
        D. G. Bonett, R. M. Price, Adjusted Wald confidence interval for a difference of binomial proportions based
        on paired data, J. Educ. Behav. Stat. 37 (2012); for other rows A. Agresti, B. Caffo, Am. Stat. 54 (2000).
    """
    parts = [_mean(a - b, (-1, 1))] if paired else [_mean(a, (0, 1)), _mean(-b, (-1, 0))]
    middle, variance = np.sum(parts, axis=0).tolist()
    freedom = min(len(a), len(b)) - 1
    width = float(stdtrit(freedom, 1 - TAIL)) * variance**0.5 if freedom else 2.0
    return max(middle - width, -1.0), min(middle + width, 1.0)


def _mean(values: Float[np.ndarray, " n"], ends: tuple[int, int]) -> tuple[float, float]:
    """Mean and its variance, with one more row at either end of what is possible."""
    whole = np.append(values, ends)
    return float(whole.mean()), float(whole.var() / len(whole))
