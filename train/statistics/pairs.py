"""Which of two heads is better, and whether that is more than chance."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from headstart.train.statistics.bootstrap import interval
from headstart.train.statistics.mcnemar import discordant, exact_p, holm
from headstart.train.statistics.seed_variance import Spread

ALPHA = 0.05


class Judged(NamedTuple):
    """One head's answers to the test rows.

    Attributes:
        name: of the head.
        right: `[n]`, whether the mean probability over seeds decides each row rightly (multilabel: in every label).
        accuracies: `[s]`, share of rows that each seed decides rightly.
        resampled: `[r]`, mean over seeds of that share in each resample of the rows.
    """

    name: str
    right: Bool[np.ndarray, " n"]
    accuracies: Float[np.ndarray, " s"]
    resampled: Float[np.ndarray, " r"]


def compare_pairs(heads: Sequence[Judged]) -> list[dict[str, Any]]:
    """Every pair of heads: how far apart, in which interval, and whether they differ.

    - `difference`: accuracy of a less that of b, means over seeds; `low`, `high`: its paired bootstrap interval over
      test rows, the trained heads held fixed.
    - `p`: McNemar's exact test of the rows `only_a` and `only_b` has right. Several seeds answer a row once, by their
      mean probability, so that the rows of the test stay independent. (Seed by seed, and the median p value made valid
      by Rüger's factor, five seeds found fewer true differences than one.)
    - `p_seeds`: Welch's test of `difference` against rows and seeds together; None with one seed, where two trained
      heads are compared, and another training may say otherwise.
    - `p_holm`: Holm's correction of the larger of the two, over all pairs; `differs`: it is at most 0.05.
    """
    return decide([{"a": a.name, "b": b.name, **contrast(a, b)} for a, b in combinations(heads, 2)])


def contrast(a: Judged, b: Judged) -> dict[str, Any]:
    """Two heads on the same rows in the same resamples."""
    only_a, only_b = discordant(a.right, b.right)
    return {**gap(a, b), "only_a": only_a, "only_b": only_b, "p": exact_p(only_a, only_b)}


def gap(a: Judged, b: Judged) -> dict[str, Any]:
    """All of a contrast but the test over rows; `lead` is by how much a is ahead in what is tested."""
    draws = (a.resampled - b.resampled).astype(np.float64)
    difference = float(a.accuracies.mean() - b.accuracies.mean())
    low, high = interval(draws).tolist()
    several = max(len(a.accuracies), len(b.accuracies)) > 1
    return {
        "difference": difference,
        "low": low,
        "high": high,
        "p_seeds": Spread(float(draws.var()), [a.accuracies, b.accuracies]).p(difference)
        if several
        else None,
        "lead": float(a.right.mean() - b.right.mean()),
    }


def decide(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put `p_holm` and `differs` in the place of `lead`, for contrasts that are tested together.

    Two heads differ if the corrected p value is at most 0.05 and the test points where the means over seeds do.
    """
    adjusted = holm(np.array([max(row["p"], row["p_seeds"] or 0.0) for row in rows], np.float64))
    decided = []
    for row, p in zip(rows, adjusted, strict=True):
        kept = {name: value for name, value in row.items() if name != "lead"}
        agrees = row["difference"] * row["lead"] > 0
        decided.append({**kept, "p_holm": float(p), "differs": bool(p <= ALPHA and agrees)})
    return decided
