"""Each metric of a head with its uncertainty."""

import numpy as np
from jaxtyping import Float

from headstart.cache.task import Task
from headstart.train.metrics.calibration import chance
from headstart.train.metrics.scores import metric_names
from headstart.train.statistics.bootstrap import Spread, interval
from headstart.train.statistics.entrant import Entrant
from headstart.train.statistics.findings import Estimate

HIGHEST = {"loss": np.inf, "brier": 2.0}  # no other metric exceeds 1
Ends = tuple[float | None, float | None, float | None, float | None]
"""Ends of the interval over test rows, and of the one of a head trained anew."""


def estimates(task: Task, head: Entrant, draws: Float[np.ndarray, "m r"] | None) -> dict[str, Estimate]:
    """Each metric of a head; all None for a head that diverged.

    Args:
        task: Kind and classes.
        head: The head.
        draws: Its metrics in the resamples of the rows, means over seeds; None if it diverged.
    """
    names = metric_names(task)
    if draws is None:
        lost: list[float | None] = [None for _ in head.finite]
        return {name: Estimate(None, None, None, None, None, None, lost) for name in names}
    values = head.by_seed()
    table = {
        name: _estimate(head, values[:, m], _ends(name, values[:, m], draws[m]))
        for m, name in enumerate(names)
        if name != "ece"
    }
    at = names.index("ece")
    expected = float(np.mean([chance(task, probabilities) for probabilities in head.probabilities]))
    ends = _ece_ends(values[:, at], draws[at], expected)
    return table | {"ece": _estimate(head, values[:, at], ends, expected)}


def ece_interval(estimate: float, draws: Float[np.ndarray, " r"], expected: float) -> tuple[float, float]:
    """95 % interval of the calibration error on endless rows, which percentiles of resamples miss.

    Chance moves every bin's mean away from the truth, so the error of n rows is too high and that of their resamples
    higher still. The percentiles are therefore moved down by what the resamples add, and the lower end once more by
    all that chance can have added, `chance`. The interval covers more than 95 % rather than less.

    Args:
        estimate: On the test rows.
        draws: On their resamples.
        expected: `chance` on the test rows.
    """
    low, high = interval(draws) - float(draws.mean(dtype=np.float64)) + estimate
    return max(0.0, float(low) - expected), float(high)


def _estimate(
    head: Entrant, values: Float[np.ndarray, " s"], ends: Ends, expected: float | None = None
) -> Estimate:
    each = iter(values.tolist())
    per_seed = [_number(next(each)) if finite else None for finite in head.finite]
    sd = _number(values.std(ddof=1)) if len(values) > 1 else None
    return Estimate(_number(values.mean()), sd, *ends, per_seed, expected)


def _ends(name: str, values: Float[np.ndarray, " s"], draws: Float[np.ndarray, " r"]) -> Ends:
    low, high = map(_number, interval(draws))
    if len(values) < 2 or not np.isfinite(values).all():
        return low, high, None, None
    width = Spread(float(np.nanvar(draws, dtype=np.float64)), [values], anew=True).half_width
    least, most = max(values.mean() - width, 0.0), min(values.mean() + width, HIGHEST.get(name, 1.0))
    return low, high, _number(least), _number(most)


def _ece_ends(values: Float[np.ndarray, " s"], draws: Float[np.ndarray, " r"], expected: float) -> Ends:
    low, high = ece_interval(float(values.mean()), draws, expected)
    if len(values) < 2:
        return low, high, None, None
    width = Spread(0.0, [values], anew=True).half_width
    return low, high, max(0.0, low - width), min(1.0, high + width)


def _number(value: float | np.floating) -> float | None:
    """A number that JSON can hold; None for NaN and infinities."""
    return float(value) if np.isfinite(value) else None
