"""Which of two heads is better, and whether that is more than chance."""

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from train.statistics.bootstrap import interval
from train.statistics.mcnemar import discordant, exact_p, holm, middle
from train.statistics.seeds import Spread

ALPHA = 0.05


class Judged(NamedTuple):
    """One head's answers to the test rows.

    Attributes:
        name: of the head.
        right: `[s, n]`, whether each seed decides each row rightly (multilabel: in every label).
        resampled: `[r]`, mean over seeds of the share of right rows in each resample of the rows.
    """

    name: str
    right: Bool[np.ndarray, "s n"]
    resampled: Float[np.ndarray, " r"]

    @property
    def accuracies(self) -> Float[np.ndarray, " s"]:
        """Share of rows that each seed has right."""
        return np.asarray(self.right.mean(axis=1))


class Test(NamedTuple):
    """One seed of a head against one of another.

    Attributes:
        p: two-sided.
        lead: by how much the first is more often right, as a share of rows.
        only: rows that only the first, and only the second has right; None where rows are not paired.
    """

    p: float
    lead: float
    only: tuple[int, int] | None


def compare_pairs(heads: Sequence[Judged]) -> list[dict[str, Any]]:
    """Every pair of heads: how far apart, in which interval, and whether they differ.

    - `difference`: accuracy of a less that of b, means over seeds; `low`, `high`: its paired bootstrap interval over
      test rows, the trained heads held fixed.
    - `p`: McNemar's exact test. Several seeds are tested one by one, seed 0 against seed 0 and so on, so that the rows
      of a test stay independent; p is then the `middle` of theirs, and `only_a`, `only_b` that test's counts.
    - `p_seeds`: Welch's test of `difference` against rows and seeds together; None with one seed, where two trained
      heads are compared, and another training may say otherwise.
    - `p_holm`: Holm's correction of the larger of the two, over all pairs; `differs`: it is at most 0.05.
    """
    return decide([{"a": a.name, "b": b.name, **contrast(a, b, mcnemar)} for a, b in combinations(heads, 2)])


def contrast(
    a: Judged, b: Judged, test: Callable[[np.ndarray, np.ndarray], Test], sign: int = 1
) -> dict[str, Any]:
    """Two heads in the same resamples, or in two sets of independent ones.

    Args:
        a: one head.
        b: the other.
        test: of what one seed of each has right.
        sign: -1 for b less a.
    """
    seeds = max(len(a.right), len(b.right))  # a floor has one, which meets every seed of a head
    tests = [test(a.right[i % len(a.right)], b.right[i % len(b.right)]) for i in range(seeds)]
    p, at = middle(np.array([own.p for own in tests]))
    draws = sign * (a.resampled - b.resampled).astype(np.float64)
    difference = sign * float(a.accuracies.mean() - b.accuracies.mean())
    low, high = interval(draws).tolist()
    only_a, only_b = tests[at].only or (None, None)
    return {
        "difference": difference,
        "low": low,
        "high": high,
        "only_a": only_a,
        "only_b": only_b,
        "p": p,
        "p_seeds": Spread(float(draws.var()), [a.accuracies, b.accuracies]).p(difference)
        if seeds > 1
        else None,
        "lead": sign * tests[at].lead,
    }


def mcnemar(a: Bool[np.ndarray, " n"], b: Bool[np.ndarray, " n"]) -> Test:
    """McNemar's exact test of two sets of decisions on the same rows."""
    only = discordant(a, b)
    return Test(exact_p(*only), (only[0] - only[1]) / len(a), only)


def decide(rows: list[dict[str, Any]], key: str = "difference") -> list[dict[str, Any]]:
    """Put `p_holm` and `differs` in the place of `lead`, for contrasts that are tested together.

    Two heads differ if the corrected p value is at most 0.05 and the test points where the means over seeds, under
    `key`, do.
    """
    adjusted = holm(np.array([max(row["p"], row["p_seeds"] or 0.0) for row in rows], np.float64))
    decided = []
    for row, p in zip(rows, adjusted, strict=True):
        kept = {name: value for name, value in row.items() if name != "lead"}
        agrees = row[key] * row["lead"] > 0
        decided.append({**kept, "p_holm": float(p), "differs": bool(p <= ALPHA and agrees)})
    return decided
