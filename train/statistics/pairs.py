"""Which of two heads is better, and whether that is more than chance: McNemar's test, Holm's correction."""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple, TypeVar

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import bdtr
from scipy.stats import fisher_exact

from headstart.train.statistics.bootstrap import Spread, interval
from headstart.train.statistics.findings import HeadChange, Pair

ALPHA = 0.05
Row = TypeVar("Row", Pair, HeadChange)


class HeadDecisions(NamedTuple):
    """One head's answers to the test rows.

    Attributes:
        name: The head's name.
        right: `[n]`, whether the mean probability over seeds decides each row rightly (multilabel: in every label).
        accuracies: `[s]`, share of rows that each seed decides rightly.
        resampled: `[r]`, mean over seeds of that share in each resample of the rows.
    """

    name: str
    right: Bool[np.ndarray, " n"]
    accuracies: Float[np.ndarray, " s"]
    resampled: Float[np.ndarray, " r"]


def compare_pairs(heads: Sequence[HeadDecisions]) -> list[Pair]:
    """Every pair of heads: how far apart, in which interval, and whether they differ.

    Several seeds answer a row of McNemar's test once, by their mean probability, so that its rows stay independent.
    (Seed by seed, and the median p value made valid by Rüger's factor, five seeds found fewer true differences than
    one.) Welch's test is of the difference against rows and seeds together; with one seed there is none: two trained
    heads are compared, and another training may say otherwise.
    """
    return correct([contrast(a, b) for a, b in combinations(heads, 2)])


def contrast(a: HeadDecisions, b: HeadDecisions, paired: bool = True) -> Pair:
    """Two heads before the correction: `p_holm` is the larger p value, and `differs` whether both tests agree.

    Args:
        a: A head.
        b: Another, on the same rows in the same resamples, or on other rows.
        paired: Whether the rows are the same; else McNemar's test gives way to Fisher's.
    """
    draws = (a.resampled - b.resampled).astype(np.float64)
    difference = float(a.accuracies.mean() - b.accuracies.mean())
    low, high = interval(draws).tolist()
    several = max(len(a.accuracies), len(b.accuracies)) > 1
    spread = Spread(float(draws.var()), [a.accuracies, b.accuracies])
    p_seeds = spread.p(difference) if several else None
    only_a, only_b, p = (_mcnemar if paired else _fisher)(a.right, b.right)
    agree = difference * float(a.right.mean() - b.right.mean()) > 0
    largest = max(p, p_seeds or 0.0)
    return Pair(a.name, b.name, difference, low, high, p_seeds, only_a, only_b, p, largest, agree)


def correct(rows: Sequence[Row]) -> list[Row]:
    """Contrasts that are tested together, after Holm's correction: they differ where p is at most 0.05, too."""
    adjusted = holm(np.array([row.p_holm for row in rows], np.float64)).tolist()
    return [
        row._replace(p_holm=p, differs=row.differs and p <= ALPHA)
        for row, p in zip(rows, adjusted, strict=True)
    ]


def _mcnemar(a: Bool[np.ndarray, " n"], b: Bool[np.ndarray, " n"]) -> tuple[int, int, float]:
    only_a, only_b = discordant(a, b)
    return only_a, only_b, exact_p(only_a, only_b)


def _fisher(a: Bool[np.ndarray, " n"], b: Bool[np.ndarray, " m"]) -> tuple[None, None, float]:
    counts = [[int(right.sum()), int((~right).sum())] for right in (a, b)]
    return None, None, float(fisher_exact(counts).pvalue)


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
