"""Each metric of a head with its uncertainty."""

import numpy as np
from jaxtyping import Bool, Float

from headstart.cache.task import Task
from headstart.train.metrics.calibration import chance
from headstart.train.metrics.probabilities import Labels, right_decisions
from headstart.train.metrics.scores import metric_names
from headstart.train.statistics.bootstrap import Spread, interval
from headstart.train.statistics.entrant import Entrant
from headstart.train.statistics.findings import Estimate
from headstart.train.statistics.proportion import accuracy_interval

HIGHEST = {"loss": np.inf, "brier": 2.0}  # no other metric exceeds 1
NO_WIDTH = 1e-6  # share of a value by which float32 sums of the same rows may differ
Ends = tuple[float, float]
"""Ends of an interval; NaN where there is none."""


def estimates(
    task: Task, labels: Labels, head: Entrant, draws: Float[np.ndarray, "m r"] | None
) -> dict[str, Estimate]:
    """Each metric of a head; all None for a head that diverged.

    The intervals of accuracies come from counts, the others from resamples. Where these are all alike (every row is
    right, there is one row) they show nothing, and there is no interval.

    Args:
        task: Kind and classes.
        labels: Labels of the test rows.
        head: The head.
        draws: Its metrics in the resamples of the rows, means over seeds; None if it diverged.
    """
    names = metric_names(task)
    if draws is None:
        lost: list[float | None] = [None for _ in head.finite]
        return {name: Estimate(None, None, None, None, None, None, lost) for name in names}
    expected = float(np.mean([chance(task, probabilities) for probabilities in head.probabilities]))
    counted = _counted(task, labels, head)
    intervals = {
        name: accuracy_interval(counted[name]) if name in counted else percentiles(resampled, len(labels))
        for name, resampled in zip(names, draws, strict=True)
    }
    values, at = head.by_seed(), names.index("ece")
    intervals["ece"] = ece_interval(float(values[:, at].mean()), intervals["ece"], draws[at], expected)
    return {
        name: _estimate(name, head, values[:, m], intervals[name], expected if name == "ece" else None)
        for m, name in enumerate(names)
    }


def _counted(task: Task, labels: Labels, head: Entrant) -> dict[str, Bool[np.ndarray, "_ n"]]:
    """The decisions that accuracies count: of each seed, and of each label or of all labels of a row together."""
    right = right_decisions(task, labels, head.probabilities)
    return {
        "accuracy": np.moveaxis(right, -1, 1).reshape(-1, len(labels)),
        "subset_accuracy": np.asarray(right.all(axis=-1)),
    }


def percentiles(draws: Float[np.ndarray, " r"], rows: int) -> Ends:
    """95 % interval from resamples of the rows; NaN where the metric is the same in all of them."""
    low, high = interval(draws, rows).tolist()
    return (low, high) if high - low > NO_WIDTH * abs(high) else (np.nan, np.nan)


def ece_interval(estimate: float, ends: Ends, draws: Float[np.ndarray, " r"], expected: float) -> Ends:
    """95 % interval of the calibration error on endless rows, which percentiles of resamples miss.

    Chance moves every bin's mean away from the truth, so the error of n rows is too high and that of their resamples
    higher still. The percentiles are therefore moved down by what the resamples add, and the lower end once more by
    all that chance can have added, `chance`. The interval covers more than 95 % rather than less.

    Args:
        estimate: On the test rows.
        ends: Percentiles of the error on resamples of the rows.
        draws: The error on them.
        expected: `chance` on the test rows.
    """
    added = float(draws.mean(dtype=np.float64)) - estimate
    return float(np.maximum(0, ends[0] - added - expected)), ends[1] - added


def trained_anew(values: Float[np.ndarray, " s"], ends: Ends) -> Ends:
    """Interval of a head trained anew: what other rows and another seed change, each way, add up as squares do.

    Args:
        values: The metric of each seed; a single one says nothing of another.
        ends: Interval of their mean over other rows.

    Reference:
        G. Y. Zou, A. Donner, Construction of confidence limits about effect measures, Stat. Med. 27 (2008).
    """
    if len(values) < 2 or not np.isfinite(values).all():
        return np.nan, np.nan
    mean, seeds = float(values.mean()), Spread(0.0, [values], anew=True).half_width
    return mean - float(np.hypot(mean - ends[0], seeds)), mean + float(np.hypot(ends[1] - mean, seeds))


def _estimate(
    name: str, head: Entrant, values: Float[np.ndarray, " s"], ends: Ends, expected: float | None
) -> Estimate:
    each = iter(values.tolist())
    per_seed = [_number(next(each)) if finite else None for finite in head.finite]
    sd = _number(values.std(ddof=1)) if len(values) > 1 else None
    anew = np.clip(trained_anew(values, ends), 0, HIGHEST.get(name, 1.0)).tolist()
    low, high, anew_low, anew_high = map(_number, (*ends, *anew))
    return Estimate(_number(values.mean()), sd, low, high, anew_low, anew_high, per_seed, expected)


def _number(value: float | np.floating) -> float | None:
    """A number that JSON can hold; None for NaN and infinities."""
    return float(value) if np.isfinite(value) else None
