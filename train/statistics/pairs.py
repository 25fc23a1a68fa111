"""Which of two heads is better, and whether that is more than chance."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from train.statistics.bootstrap import interval
from train.statistics.mcnemar import discordant, exact_p, holm
from train.statistics.seeds import Spread

ALPHA = 0.05


class Judged(NamedTuple):
    """One head's answers to the test rows.

    Attributes:
        name: of the head.
        right: `[n]`, whether the decision by its mean probability over seeds is right (multilabel: in every label).
        seeds: `[s]`, share of rows that each seed has right.
        resampled: `[r]`, mean over seeds of that share in each resample of the rows.
    """

    name: str
    right: Bool[np.ndarray, " n"]
    seeds: Float[np.ndarray, " s"]
    resampled: Float[np.ndarray, " r"]


def compare_pairs(heads: Sequence[Judged]) -> list[dict[str, Any]]:
    """Every pair of heads: how far apart, in which interval, and whether they differ.

    `difference` is the accuracy of a less that of b (means over seeds), `low` and `high` its paired bootstrap interval
    over rows. `p` is McNemar's exact test of the two mean probabilities over seeds, so that each head answers a row
    once and the rows stay independent. With several seeds `p_seeds` tests `difference` against rows and seeds
    together (Welch); without, the pair's two trained heads are compared and another seed may say otherwise.
    `p_holm` is Holm's correction, over all pairs, of the larger of the two.
    """
    pairs = list(combinations(heads, 2))
    rows = [{"a": a.name, "b": b.name, **contrast(a, b)} for a, b in pairs]
    return decide(rows)


def contrast(a: Judged, b: Judged) -> dict[str, Any]:
    """Two heads on the same rows in the same resamples."""
    only_a, only_b = discordant(a.right, b.right)
    difference = float(a.seeds.mean() - b.seeds.mean())
    low, high = interval(a.resampled - b.resampled).tolist()
    return {
        "difference": difference,
        "low": low,
        "high": high,
        "only_a": only_a,
        "only_b": only_b,
        "p": exact_p(only_a, only_b),
        "p_seeds": seeds_p(a, b, difference),
    }


def seeds_p(a: Judged, b: Judged, difference: float) -> float | None:
    """P value of a difference of means over seeds, None where neither head has a second seed."""
    if max(len(a.seeds), len(b.seeds)) < 2:
        return None
    rows = float(np.var(a.resampled - b.resampled, dtype=np.float64))
    return Spread(rows, [a.seeds, b.seeds]).p(difference)


def decide(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add `p_holm` and `differs` to contrasts that are tested together.

    Two heads differ if the corrected p value is at most 0.05 and the test points where the means do.
    """
    adjusted = holm(np.array([max(row["p"], row["p_seeds"] or 0.0) for row in rows], np.float64))
    return [
        {**row, "p_holm": float(p), "differs": bool(p <= ALPHA and _agrees(row))}
        for row, p in zip(rows, adjusted, strict=True)
    ]


def _agrees(row: dict[str, Any]) -> bool:
    return bool(row["difference"] * (row["only_a"] - row["only_b"]) > 0)
