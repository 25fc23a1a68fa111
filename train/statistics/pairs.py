"""Which of two heads is better, and whether that is more than chance: McNemar's test, Holm's correction."""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import bdtr
from scipy.stats import fisher_exact

from headstart.train.statistics.bootstrap import Spread, interval
from headstart.train.statistics.findings import Pair

ALPHA = 0.05


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


class Contrast(NamedTuple):
    """What is between two heads before the correction, see `train.statistics.findings.Pair`.

    Attributes:
        lead: By how much a is ahead in what is tested over rows.
    """

    difference: float
    low: float
    high: float
    p_seeds: float | None
    only_a: int | None
    only_b: int | None
    p: float
    lead: float


def compare_pairs(heads: Sequence[HeadDecisions]) -> list[Pair]:
    """Every pair of heads: how far apart, in which interval, and whether they differ.

    Several seeds answer a row of McNemar's test once, by their mean probability, so that its rows stay independent.
    (Seed by seed, and the median p value made valid by Rüger's factor, five seeds found fewer true differences than
    one.) Welch's test is of the difference against rows and seeds together; with one seed there is none: two trained
    heads are compared, and another training may say otherwise.
    """
    couples = list(combinations(heads, 2))
    contrasts = [contrast(a, b) for a, b in couples]
    return [
        Pair(a.name, b.name, *between[:-1], *decided)  # all but `lead`
        for (a, b), between, decided in zip(couples, contrasts, decide(contrasts), strict=True)
    ]


def contrast(a: HeadDecisions, b: HeadDecisions) -> Contrast:
    """Two heads on the same rows in the same resamples."""
    only_a, only_b = discordant(a.right, b.right)
    return _contrast(a, b, only_a, only_b, exact_p(only_a, only_b))


def contrast_apart(a: HeadDecisions, b: HeadDecisions) -> Contrast:
    """Two heads on separate rows."""
    counts = [[int(head.right.sum()), int((~head.right).sum())] for head in (a, b)]
    return _contrast(a, b, None, None, p=float(fisher_exact(counts).pvalue))


def _contrast(
    a: HeadDecisions, b: HeadDecisions, only_a: int | None, only_b: int | None, p: float
) -> Contrast:
    draws = (a.resampled - b.resampled).astype(np.float64)
    difference = float(a.accuracies.mean() - b.accuracies.mean())
    low, high = interval(draws).tolist()
    spread = Spread(float(draws.var()), [a.accuracies, b.accuracies])
    several = max(len(a.accuracies), len(b.accuracies)) > 1
    p_seeds = spread.p(difference) if several else None
    lead = float(a.right.mean() - b.right.mean())
    return Contrast(difference, low, high, p_seeds, only_a, only_b, p, lead)


def decide(contrasts: Sequence[Contrast]) -> list[tuple[float, bool]]:
    """`p_holm` and `differs` of contrasts that are tested together.

    Two heads differ if the corrected p value is at most 0.05 and the test points where the means over seeds do.
    """
    adjusted = holm(np.array([max(row.p, row.p_seeds or 0.0) for row in contrasts], np.float64))
    return [
        (float(p), bool(p <= ALPHA and row.difference * row.lead > 0))
        for row, p in zip(contrasts, adjusted, strict=True)
    ]


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
