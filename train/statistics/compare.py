"""Several runs side by side: what another backbone, cleaning or masking changes for each head."""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from headstart.cache.task import Task
from headstart.train.metrics.probabilities import Labels, probabilities_of
from headstart.train.metrics.scores import compared_metric
from headstart.train.statistics.entrant import all_right
from headstart.train.statistics.findings import Comparison, HeadChange, RunPair, RunScores
from headstart.train.statistics.pairs import HeadDecisions, contrast, correct

ENOUGH = 0.5  # share of the larger run's rows below which agreeing labels could be chance
APART = (
    "The intervals treat the two as separate draws of rows: they are wide, and the rows may differ in kind."
)


class RunAnswers(NamedTuple):
    """One run's answers to its test rows.

    Attributes:
        name: What the user calls it.
        task: Kind and classes.
        labels: `[n]` or `[n, k]`.
        rows: `[n]`, number of each row in the data file, none twice.
        logits: Head or baseline -> `[s, n, outputs]`.
    """

    name: str
    task: Task
    labels: Labels
    rows: Int[np.ndarray, " n"]
    logits: dict[str, Float[np.ndarray, "s n o"]]


class Alignment(NamedTuple):
    """Where the rows of two runs meet.

    Attributes:
        positions: Positions of the common rows in each of the runs; None where they cannot be paired.
        statement: What was found, in words.
    """

    positions: tuple[Int[np.ndarray, " m"], Int[np.ndarray, " m"]] | None
    statement: str


def compare_runs(runs: Sequence[RunAnswers]) -> Comparison:
    """Compare every head that two runs share, for every two runs.

    Paired rows: McNemar's exact test. Else: Fisher's. Several seeds: see `train.statistics.pairs.compare_pairs`;
    intervals: see `train.statistics.proportion.difference_interval`.

    Args:
        runs: Two or more, of the same task.

    Raises:
        ValueError: the runs' tasks differ, or there are fewer than two.
    """
    if len(runs) < 2:
        raise ValueError(f"{len(runs)} run cannot be compared; name two or more")
    if len({run.task for run in runs}) > 1:
        raise ValueError("the runs tell apart other classes and cannot be compared: " + _tasks(runs))
    named = _distinct(runs)
    pairs = [_pair(a, b) for a, b in combinations(named, 2)]
    corrected = iter(correct([row for pair in pairs for row in pair.heads]))
    pairs = [pair._replace(heads=[next(corrected) for _ in pair.heads]) for pair in pairs]
    scores = [RunScores(run.name, len(run.rows), _accuracies(run)) for run in named]
    return Comparison(compared_metric(runs[0].task), scores, pairs, sum(len(pair.heads) for pair in pairs))


def align(a: RunAnswers, b: RunAnswers) -> Alignment:
    """Pair the rows that both runs have; by number, and only if all their labels agree.

    Rows that one run alone has are left out: one run may have removed duplicates. Runs that share less than half of
    the larger's rows, or disagree in a label, were not made from the same data and are not paired.
    """
    rows, first, second = np.intersect1d(a.rows, b.rows, return_indices=True)
    common, most = len(rows), max(len(a.rows), len(b.rows))
    if common < ENOUGH * most:
        few = f"only {common:,} of up to {most:,} rows have the same number"
        return Alignment(None, f"not paired: {few if common else 'no row is in both'}. {APART}")
    disagree = int((a.labels[first] != b.labels[second]).reshape(common, -1).any(axis=1).sum())
    if disagree:
        other = f"{disagree:,} of {common:,} rows with the same number have other labels"
        return Alignment(None, f"not paired: {other}. {APART}")
    if common == len(a.rows) == len(b.rows):
        return Alignment((first, second), f"paired: the same {common:,} test rows with the same labels.")
    sizes = f"A {len(a.rows):,}, B {len(b.rows):,}"
    statement = f"paired on the {common:,} test rows that both have ({sizes}); labels agree."
    return Alignment((first, second), statement)


def take(run: RunAnswers, positions: Int[np.ndarray, " m"]) -> RunAnswers:
    """The run on some of its rows."""
    logits = {name: heads[:, positions] for name, heads in run.logits.items()}
    return run._replace(labels=run.labels[positions], rows=run.rows[positions], logits=logits)


def _pair(a: RunAnswers, b: RunAnswers) -> RunPair:
    """Two runs on their common rows, or apart, before the correction."""
    positions, statement = align(a, b)
    runs = [take(run, at) for run, at in zip((a, b), positions, strict=True)] if positions else [a, b]
    first, second = map(_decisions, runs)
    paired = positions is not None
    return RunPair(
        a.name,
        b.name,
        paired=paired,
        rows=len(runs[0].rows) if paired else None,
        statement=statement,
        heads=[_change(head, second[name], paired) for name, head in first.items() if name in second],
        only_in_a=[name for name in a.logits if name not in b.logits],
        only_in_b=[name for name in b.logits if name not in a.logits],
        diverged_in_a=[name for name in a.logits if name not in first],
        diverged_in_b=[name for name in b.logits if name not in second],
    )


def _change(a: HeadDecisions, b: HeadDecisions, paired: bool) -> HeadChange:
    """What b changes: b less a."""
    pair, mean_a, mean_b = contrast(a, b, paired), float(a.accuracies.mean()), float(b.accuracies.mean())
    low, high, change = (0.0 - value for value in (pair.high, pair.low, pair.difference))  # -0.0 is 0
    return HeadChange(a.name, mean_a, mean_b, low, high, *pair[5:], change)


def _decisions(run: RunAnswers) -> dict[str, HeadDecisions]:
    """Answers of each head, without the seeds that diverged; heads that have none left are left out."""
    return {
        name: HeadDecisions(
            name,
            all_right(run.task, run.labels, seeds.mean(axis=0)),
            all_right(run.task, run.labels, seeds),
        )
        for name, seeds in _probabilities(run).items()
    }


def _probabilities(run: RunAnswers) -> dict[str, Float[np.ndarray, "_ n o"]]:
    """Probabilities of the seeds of each head that did not diverge, of heads with any."""
    kept = {name: logits[~np.isnan(logits).any(axis=(1, 2))] for name, logits in run.logits.items()}
    return {name: probabilities_of(run.task, logits) for name, logits in kept.items() if len(logits)}


def _accuracies(run: RunAnswers) -> dict[str, float | None]:
    means = {
        name: float(all_right(run.task, run.labels, seeds).mean())
        for name, seeds in _probabilities(run).items()
    }
    return {name: means.get(name) for name in run.logits}


def _distinct(runs: Sequence[RunAnswers]) -> list[RunAnswers]:
    """Number runs of the same name."""
    names = [run.name for run in runs]
    return [
        run._replace(name=f"{run.name} ({names[:i].count(run.name) + 1})")
        if names.count(run.name) > 1
        else run
        for i, run in enumerate(runs)
    ]


def _tasks(runs: Sequence[RunAnswers]) -> str:
    return "; ".join(f"{run.name}: {run.task.kind} {', '.join(run.task.classes)}" for run in runs)
