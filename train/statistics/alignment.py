"""Which test rows two runs have in common."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from headstart.cache.task import Task

ENOUGH = 0.5  # share of the larger run's rows below which agreeing labels could be chance


class Run(NamedTuple):
    """One comparison's answers to its test rows.

    Attributes:
        name: what the user calls it.
        task: kind and classes.
        labels: `[n]` or `[n, k]`.
        rows: `[n]`, number of each row in the data file, none twice.
        logits: head or floor -> `[s, n, outputs]`.
    """

    name: str
    task: Task
    labels: Int[np.ndarray, " n *k"]
    rows: Int[np.ndarray, " n"]
    logits: dict[str, Float[np.ndarray, "s n o"]]


class Alignment(NamedTuple):
    """Where the rows of two runs meet.

    Attributes:
        positions: of the common rows in the first run and in the second; None where they cannot be paired.
        statement: what was found, in words.
    """

    positions: tuple[Int[np.ndarray, " m"], Int[np.ndarray, " m"]] | None
    statement: str


def align(a: Run, b: Run) -> Alignment:
    """Pair the rows that both runs have; by number, and only if all their labels agree.

    Rows that one run alone has are left out: one run may have removed duplicates. Runs that share less than half of
    the larger's rows, or disagree in a label, were not made from the same data and are not paired.
    """
    rows, first, second = np.intersect1d(a.rows, b.rows, return_indices=True)
    most = max(len(a.rows), len(b.rows))
    if len(rows) < ENOUGH * most:
        found = (
            f"only {len(rows):,} of up to {most:,} rows have the same number"
            if len(rows)
            else "no row is in both"
        )
        return Alignment(None, f"not paired: {found}. {APART}")
    disagree = int((a.labels[first] != b.labels[second]).reshape(len(rows), -1).any(axis=1).sum())
    if disagree:
        found = f"{disagree:,} of {len(rows):,} rows with the same number have other labels"
        return Alignment(None, f"not paired: {found}. {APART}")
    return Alignment((first, second), _paired(len(rows), len(a.rows), len(b.rows)))


APART = (
    "The intervals treat the two as separate draws of rows: they are wide, and the rows may differ in kind."
)


def _paired(common: int, a: int, b: int) -> str:
    if common == a == b:
        return f"paired: the same {common:,} test rows with the same labels."
    return f"paired on the {common:,} test rows that both have (A {a:,}, B {b:,}); labels agree."


def taken(run: Run, positions: Int[np.ndarray, " m"]) -> Run:
    """The run on some of its rows."""
    logits = {name: own[:, positions] for name, own in run.logits.items()}
    return run._replace(labels=run.labels[positions], rows=run.rows[positions], logits=logits)
