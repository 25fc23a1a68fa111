"""Everything that a report says about the test rows, as one JSON-ready object."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from headstart.cache.task import Task
from headstart.train.metrics.confusion import counts, per_class
from headstart.train.metrics.curves import curves
from headstart.train.metrics.probabilities import decisions
from headstart.train.metrics.scores import metric_names
from headstart.train.statistics.bootstrap import RESAMPLES, resample
from headstart.train.statistics.entrant import Entrant, all_right, enter
from headstart.train.statistics.letters import letter_groups
from headstart.train.statistics.pairs import Judged, compare_pairs
from headstart.train.statistics.uncertainty import metric_table
from headstart.train.statistics.verdict import Standing, notes, verdict


def summarise(
    task: Task,
    labels_valid: Int[np.ndarray, " v *k"],
    labels_test: Int[np.ndarray, " n *k"],
    logits_valid: Mapping[str, Float[np.ndarray, "_ v o"]],
    logits_test: Mapping[str, Float[np.ndarray, "_ n o"]],
    floors: AbstractSet[str] = frozenset(),
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> dict[str, Any]:
    """Score all heads on the test rows, and compare them.

    Args:
        task: kind and classes.
        labels_valid: of the validation rows, which choose the thresholds and nothing else.
        labels_test: of the test rows.
        logits_valid: of each head and floor, for each of its seeds.
        logits_test: likewise, of the same heads and seeds.
        floors: which of them are floors.
        seed: of the resamples.
        resamples: of the paired bootstrap over test rows.

    Returns:
        - `compared`: the metric that pairs, groups and verdict are about: `accuracy`, or `subset_accuracy` where a row
          has several labels.
        - `metrics`: head -> metric -> `mean` and `sd` over seeds, `low` and `high` (95 % interval of the mean over test
          rows drawn anew, the trained heads held fixed), `anew_low` and `anew_high` (of a head trained anew, rows and
          seed included; null with one seed), `per_seed`. Null where undefined, infinite or diverged.
        - `threshold`: head -> number, one for each label, or null (multiclass).
        - `confusion`, `per_class`: of the decision by the mean probability over seeds, at 0.5.
        - `curves`: head -> `roc` (null where undefined) and `calibration`.
        - `pairs`: every pair of heads and floors, see `compare_pairs`.
        - `groups`: head -> letters; heads that share one cannot be told apart; empty for a diverged head.
        - `diverged`: head -> its seeds that gave NaN, where there are any; they are left out of everything else.
        - `verdict`: two sentences. `notes`: what the intervals cover, how pairs were tested.
    """
    entrants = [
        enter(task, name, labels_valid, labels_test, logits_valid[name], logits)
        for name, logits in logits_test.items()
    ]
    alive = [own for own in entrants if not own.diverged]
    draws = _resampled(alive, len(labels_test), resamples, seed)
    compared = "subset_accuracy" if task.kind == "multilabel" else "accuracy"
    metrics = {own.name: metric_table(task, own, draws.get(own.name)) for own in entrants}
    judged = [judge(task, labels_test, own, draws[own.name], compared) for own in alive]
    described = {own.name: _describe(task, labels_test, own) for own in entrants}
    return {
        "task": task.to_json(),
        "rows": len(labels_test),
        "compared": compared,
        "floors": [own.name for own in entrants if own.name in floors],
        "metrics": metrics,
        "threshold": {own.name: own.threshold for own in entrants},
        **{key: {name: own[key] for name, own in described.items()} for key in DESCRIBED},
        **(ranking := _ranking(entrants, judged, metrics, floors, compared)),
        "notes": notes(len(ranking["pairs"]), max(len(own.finite) for own in entrants), compared, resamples),
    }


DESCRIBED = ("confusion", "per_class", "curves")


def _resampled(
    alive: Sequence[Entrant], rows: int, resamples: int, seed: int
) -> dict[str, Float[np.ndarray, "m r"]]:
    """Metrics of every head in the same resamples."""
    if not alive:
        return {}
    draws = resample(lambda w: np.concatenate([own.values(w) for own in alive]), rows, resamples, seed)
    return dict(zip([own.name for own in alive], np.split(draws, len(alive)), strict=True))


def judge(
    task: Task, labels: Int[np.ndarray, " n *k"], own: Entrant, draws: Float[np.ndarray, "m r"], compared: str
) -> Judged:
    """What the comparison of pairs needs to know of a head."""
    right = all_right(task, labels, own.mean_shares)
    accuracies = all_right(task, labels, own.shares).mean(axis=1)
    return Judged(own.name, right, accuracies, draws[metric_names(task).index(compared)])


def _describe(task: Task, labels: Int[np.ndarray, " n *k"], own: Entrant) -> dict[str, Any]:
    """What a report shows of a single head; None of one that diverged."""
    if own.diverged:
        return dict.fromkeys(DESCRIBED)
    decided = decisions(task, own.mean_shares)
    described = (
        counts(task, labels, decided),
        per_class(task, labels, decided),
        curves(task, labels, own.shares),
    )
    return dict(zip(DESCRIBED, described, strict=True))


def _ranking(
    entrants: Sequence[Entrant],
    judged: Sequence[Judged],
    metrics: Mapping[str, Any],
    floors: AbstractSet[str],
    compared: str,
) -> dict[str, Any]:
    """Pairs, groups and verdict."""
    pairs = compare_pairs(judged)
    differing = {frozenset([pair["a"], pair["b"]]) for pair in pairs if pair["differs"]}
    values = {own.name: metrics[own.name][compared] for own in judged}
    standings = [
        Standing(name, own["mean"], own["low"], own["high"], name in floors) for name, own in values.items()
    ]
    ranked = sorted(standings, key=lambda own: -own.value)
    letters = letter_groups([own.name for own in ranked], [tuple(pair) for pair in differing])
    seeds = max(len(own.finite) for own in entrants)
    rows = len(judged[0].right) if judged else 0
    lost = [own.name for own in entrants if own.diverged]
    return {
        "pairs": pairs,
        "groups": {own.name: letters.get(own.name, "") for own in entrants},
        "diverged": {
            own.name: [s for s, ok in enumerate(own.finite) if not ok]
            for own in entrants
            if not all(own.finite)
        },
        "verdict": verdict(standings, differing, lost, compared, rows, seeds),
    }
