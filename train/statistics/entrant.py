"""A head or baseline as the statistics see it: its seeds' answers to the test rows."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from headstart.cache.task import Task
from headstart.train.metrics.measure import Scorer
from headstart.train.metrics.probabilities import (
    Labels,
    Threshold,
    choose_thresholds,
    probabilities_of,
    right_decisions,
)
from headstart.train.metrics.scores import scorer


class SplitAnswers(NamedTuple):
    """Labels of a split's rows, `[n]` or `[n, k]`, and the logits of each head and baseline, `[s, n, o]`."""

    labels: Labels
    logits: Mapping[str, Float[np.ndarray, "_ n o"]]


class Entrant(NamedTuple):
    """One head, without the seeds that diverged.

    Attributes:
        name: Its name.
        finite: Whether each seed gave an answer (no NaN) to every row.
        threshold: Chosen on the validation rows; None for a multiclass task.
        probabilities: `[s, n, k]` float64, of the seeds that did.
        scorers: One for each of them.
    """

    name: str
    finite: list[bool]
    threshold: Threshold
    probabilities: Float[np.ndarray, "s n k"]
    scorers: list[Scorer]

    @property
    def mean_probabilities(self) -> Float[np.ndarray, "n k"]:
        """Mean over seeds."""
        return np.asarray(self.probabilities.mean(axis=0))

    @property
    def diverged(self) -> bool:
        """Whether no seed is left."""
        return not any(self.finite)

    @property
    def lost_seeds(self) -> list[int]:
        """The seeds that diverged."""
        return [seed for seed, finite in enumerate(self.finite) if not finite]

    def values(self, weights: Float[np.ndarray, "n c"]) -> Float[np.ndarray, "m c"]:
        """Mean over seeds of every metric under each weighting of the rows."""
        total = self.scorers[0](weights)
        for score in self.scorers[1:]:
            total = total + score(weights)
        return total / len(self.scorers)

    def by_seed(self) -> Float[np.ndarray, "s m"]:
        """Every metric of every seed, on each row once."""
        once = np.ones((self.probabilities.shape[1], 1))
        return np.stack([score(once)[:, 0] for score in self.scorers])


def enter(task: Task, name: str, valid: SplitAnswers, test: SplitAnswers) -> Entrant:
    """Choose the thresholds on the validation rows and prepare the metrics of the test rows.

    A seed with a NaN among its logits has diverged; it is left out, and the caller must say so.
    """
    pairs = zip(valid.logits[name], test.logits[name], strict=True)
    finite = [not any(bool(np.isnan(logits).any()) for logits in pair) for pair in pairs]
    kept = np.flatnonzero(finite)
    probabilities = probabilities_of(task, valid.logits[name][kept])
    threshold = choose_thresholds(task, valid.labels, probabilities) if len(kept) else None
    scorers = [scorer(task, test.labels, test.logits[name][seed], threshold) for seed in kept]
    return Entrant(name, finite, threshold, probabilities_of(task, test.logits[name][kept]), scorers)


def all_right(
    task: Task, labels: Labels, probabilities: Float[np.ndarray, "*s n o"]
) -> Bool[np.ndarray, "*s n"]:
    """Which rows are decided rightly, at 0.5; multilabel: in every label."""
    return np.asarray(right_decisions(task, labels, probabilities).all(axis=-1))
