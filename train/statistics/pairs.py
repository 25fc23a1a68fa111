"""Which of two heads is better, and whether that is more than chance: McNemar's test, Holm's correction."""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple, TypeVar

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import bdtr
from scipy.stats import fisher_exact

from headstart.train.statistics.bootstrap import Spread
from headstart.train.statistics.findings import HeadChange, Pair
from headstart.train.statistics.proportion import difference_interval

ALPHA = 0.05
Row = TypeVar("Row", Pair, HeadChange)


class HeadDecisions(NamedTuple):
    """One head's answers to the test rows.

    Attributes:
        name: The head's name.
        right: `[n]`, whether the mean probability over seeds decides each row rightly (multilabel: in every label).
        by_seed: `[s, n]`, whether each seed does.
    """

    name: str
    right: Bool[np.ndarray, " n"]
    by_seed: Bool[np.ndarray, "s n"]

    @property
    def accuracies(self) -> Float[np.ndarray, " s"]:
        """Share of rows that each seed decides rightly."""
        return np.asarray(self.by_seed.mean(axis=1))

    @property
    def shares(self) -> Float[np.ndarray, " n"]:
        """Share of seeds that decide each row rightly."""
        return np.asarray(self.by_seed.mean(axis=0))


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
        b: Another, on the same rows or on other rows.
        paired: Whether the rows are the same; else McNemar's test gives way to Fisher's.
    """
    difference = float(a.by_seed.mean() - b.by_seed.mean())
    low, high = difference_interval(a.shares, b.shares, paired)
    p_seeds = _welch(a, b, paired) if max(len(a.by_seed), len(b.by_seed)) > 1 else None
    only_a, only_b, p = (_mcnemar if paired else _fisher)(a.right, b.right)
    agree = difference * float(a.right.mean() - b.right.mean()) > 0
    largest = max(p, p_seeds or 0.0)
    return Pair(a.name, b.name, difference, low, high, p_seeds, only_a, only_b, p, largest, agree)


def _welch(a: HeadDecisions, b: HeadDecisions, paired: bool) -> float:
    """P value of the difference of the mean accuracies, against rows and seeds together."""
    parts = [a.shares - b.shares] if paired else [a.shares, b.shares]
    rows = sum(float(part.var()) / len(part) for part in parts)
    return Spread(rows, [a.accuracies, b.accuracies]).p(float(a.by_seed.mean() - b.by_seed.mean()))


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
