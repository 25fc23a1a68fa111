"""A head or floor as the statistics see it: its seeds' answers to the test rows."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from headstart.cache.task import Task
from headstart.train.metrics.measure import Scorer
from headstart.train.metrics.probabilities import decisions, probabilities
from headstart.train.metrics.scores import scorer
from headstart.train.metrics.thresholds import choose_thresholds


class Entrant(NamedTuple):
    """One head, without the seeds that diverged.

    Attributes:
        name: its name.
        finite: whether each seed gave an answer (no NaN) to every row.
        threshold: chosen on the validation rows; None for a multiclass task.
        shares: `[s, n, k]` float64, probabilities of the seeds that did.
        scorers: one for each of them.
    """

    name: str
    finite: list[bool]
    threshold: float | list[float] | None
    shares: Float[np.ndarray, "s n k"]
    scorers: list[Scorer]

    @property
    def mean_shares(self) -> Float[np.ndarray, "n k"]:
        """Mean probability over seeds."""
        return np.asarray(self.shares.mean(axis=0))

    @property
    def diverged(self) -> bool:
        """Whether no seed is left."""
        return not any(self.finite)

    def values(self, weights: Float[np.ndarray, "n c"]) -> Float[np.ndarray, "m c"]:
        """Mean over seeds of every metric under each weighting of the rows."""
        total = self.scorers[0](weights)
        for own in self.scorers[1:]:
            total = total + own(weights)
        return total / len(self.scorers)

    def by_seed(self) -> Float[np.ndarray, "s m"]:
        """Every metric of every seed, on each row once."""
        once = np.ones((self.shares.shape[1], 1))
        return np.stack([own(once)[:, 0] for own in self.scorers])


def enter(
    task: Task,
    name: str,
    labels_valid: Int[np.ndarray, " v *k"],
    labels_test: Int[np.ndarray, " n *k"],
    logits_valid: Float[np.ndarray, "s v o"],
    logits_test: Float[np.ndarray, "s n o"],
) -> Entrant:
    """Choose the thresholds on the validation rows and prepare the metrics of the test rows.

    A seed with a NaN among its logits has diverged; it is left out, and the caller must say so.
    """
    finite = [
        not (np.isnan(v).any() or np.isnan(t).any()) for v, t in zip(logits_valid, logits_test, strict=True)
    ]
    kept = np.flatnonzero(finite)
    shares = probabilities(task, logits_valid[kept])
    threshold = choose_thresholds(task, labels_valid, shares) if len(kept) else None
    scorers = [scorer(task, labels_test, logits_test[s], threshold) for s in kept]
    return Entrant(
        name, [bool(own) for own in finite], threshold, probabilities(task, logits_test[kept]), scorers
    )


def all_right(
    task: Task, labels: Int[np.ndarray, " n *k"], shares: Float[np.ndarray, "*s n o"]
) -> Bool[np.ndarray, "*s n"]:
    """Which rows are decided rightly, at 0.5; multilabel: in every label."""
    right = decisions(task, shares) == labels
    return np.asarray(right.all(axis=-1) if task.kind == "multilabel" else right)
