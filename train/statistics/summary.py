"""Everything that a report says about the test rows."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from headstart.cache.task import Task
from headstart.train.metrics.calibration import calibration_curve
from headstart.train.metrics.confusion import ClassScores, confusion_matrix, per_class
from headstart.train.metrics.probabilities import Labels, decisions
from headstart.train.metrics.ranks import roc
from headstart.train.metrics.scores import compared_metric
from headstart.train.statistics.bootstrap import RESAMPLES, resample
from headstart.train.statistics.entrant import Entrant, SplitAnswers, all_right, enter
from headstart.train.statistics.few_rows import few_rows_note, unbelievable
from headstart.train.statistics.findings import Curves, Estimate, Summary
from headstart.train.statistics.letters import letter_groups
from headstart.train.statistics.pairs import HeadDecisions, compare_pairs
from headstart.train.statistics.uncertainty import estimates
from headstart.train.statistics.verdict import Standing, notes, verdict


def summarise(
    task: Task,
    valid: SplitAnswers,
    test: SplitAnswers,
    baselines: AbstractSet[str] = frozenset(),
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Summary:
    """Score all heads on the test rows, and compare them.

    Args:
        task: Kind and classes.
        valid: The validation rows, which choose the thresholds and nothing else.
        test: The test rows, answered by the same heads and seeds.
        baselines: Names of those that are baselines.
        seed: Seed of the resamples.
        resamples: Resamples of the paired bootstrap over test rows.
    """
    entrants = [enter(task, name, valid, test) for name in test.logits]
    alive = [entrant for entrant in entrants if not entrant.diverged]
    draws = _resampled(alive, len(test.labels), resamples, seed)
    compared, seeds = compared_metric(task), max(len(entrant.finite) for entrant in entrants)
    metrics = {
        entrant.name: estimates(task, test.labels, entrant, draws.get(entrant.name)) for entrant in entrants
    }
    described = {entrant.name: _describe(task, test.labels, entrant) for entrant in entrants}
    decided = [_decisions(task, test.labels, entrant) for entrant in alive]
    pairs = compare_pairs(decided)
    differing = {frozenset([pair.a, pair.b]) for pair in pairs if pair.differs}
    standings = [_standing(name, metrics[name][compared], name in baselines) for name in draws]
    letters = _letters(standings, differing)
    lost = [entrant.name for entrant in entrants if entrant.diverged]
    return Summary(
        task=task,
        rows=len(test.labels),
        compared=compared,
        baselines=[name for name in metrics if name in baselines],
        metrics=metrics,
        threshold={entrant.name: entrant.threshold for entrant in entrants},
        confusion={name: head.confusion for name, head in described.items()},
        per_class={name: head.per_class for name, head in described.items()},
        curves={name: head.curves for name, head in described.items()},
        pairs=pairs,
        groups={name: letters.get(name, "") for name in metrics},
        diverged={entrant.name: entrant.lost_seeds for entrant in entrants if entrant.lost_seeds},
        verdict=verdict(standings, differing, lost, compared, len(test.labels), seeds),
        notes=[
            *notes(len(pairs), seeds, compared, resamples),
            *few_rows_note({head.name: unbelievable(task, test.labels, head.by_seed) for head in decided}),
        ],
    )


def _resampled(
    alive: Sequence[Entrant], rows: int, resamples: int, seed: int
) -> dict[str, Float[np.ndarray, "m r"]]:
    """Metrics of every head in the same resamples."""
    if not alive:
        return {}
    draws = resample(lambda w: np.concatenate([head.values(w) for head in alive]), rows, resamples, seed)
    return dict(zip([head.name for head in alive], np.split(draws, len(alive)), strict=True))


def _decisions(task: Task, labels: Labels, head: Entrant) -> HeadDecisions:
    """What the comparison of pairs needs to know of a head."""
    return HeadDecisions(
        head.name,
        all_right(task, labels, head.mean_probabilities),
        all_right(task, labels, head.probabilities),
    )


class _Description(NamedTuple):
    """What a report shows of a single head; None of one that diverged."""

    confusion: list[list[int]] | list[list[list[int]]] | None = None
    per_class: dict[str, ClassScores] | None = None
    curves: Curves | None = None


def _describe(task: Task, labels: Labels, head: Entrant) -> _Description:
    if head.diverged:
        return _Description()
    decided = decisions(task, head.mean_probabilities)
    return _Description(
        confusion_matrix(task, labels, decided),
        per_class(task, labels, decided),
        Curves(
            roc(task, labels, head.mean_probabilities), calibration_curve(task, labels, head.probabilities)
        ),
    )


def _standing(name: str, estimate: Estimate, baseline: bool) -> Standing:
    assert estimate.known  # an accuracy is always defined
    return Standing(name, *estimate.known, baseline)


def _letters(standings: Sequence[Standing], differing: AbstractSet[frozenset[str]]) -> dict[str, str]:
    """Letters of each head and baseline; the best gets the first."""
    ranked = sorted(standings, key=lambda standing: -standing.value)
    return letter_groups([standing.name for standing in ranked], differing)
