"""Each metric of a head with its uncertainty."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from headstart.cache.task import Task
from headstart.train.metrics.calibration import chance
from headstart.train.metrics.scores import metric_names
from headstart.train.statistics.bootstrap import interval
from headstart.train.statistics.entrant import Entrant
from headstart.train.statistics.seed_variance import Spread


def ece_interval(estimate: float, draws: Float[np.ndarray, " r"], expected: float) -> tuple[float, float]:
    """95 % interval of the calibration error on endless rows, which percentiles of resamples miss.

    Chance moves every bin's mean away from the truth, so the error of n rows is too high and that of their resamples
    higher still. The percentiles are therefore moved down by what the resamples add, and the lower end once more by
    all that chance can have added, `chance`. The interval covers more than 95 % rather than less.

    Args:
        estimate: on the test rows.
        draws: on their resamples.
        expected: `chance` on the test rows.
    """
    low, high = interval(draws) - float(draws.mean(dtype=np.float64)) + estimate
    return max(0.0, float(low) - expected), float(high)


HIGHEST = {"loss": np.inf, "brier": 2.0}  # no other metric exceeds 1

UNKNOWN: dict[str, Any] = dict.fromkeys(("mean", "sd", "low", "high", "anew_low", "anew_high"))


def metric_table(
    task: Task, own: Entrant, draws: Float[np.ndarray, "m r"] | None
) -> dict[str, dict[str, Any]]:
    """Metric -> mean, sd, low, high, anew_low, anew_high, per_seed; all None for a head that diverged.

    `ece` has its own interval, and with `chance` what a perfectly calibrated head would show on as many rows.
    """
    if draws is None:
        return {name: {**UNKNOWN, "per_seed": [None] * len(own.finite)} for name in metric_names(task)}
    ends = interval(draws)
    values = own.by_seed()
    names = metric_names(task)
    table = {name: _row(own.finite, values[:, m], draws[m], ends[:, m], name) for m, name in enumerate(names)}
    at = names.index("ece")
    return table | {"ece": table["ece"] | _ece(task, own, values[:, at], draws[at])}


def _row(
    finite: Sequence[bool],
    values: Float[np.ndarray, " s"],
    draws: Float[np.ndarray, " r"],
    ends: Float[np.ndarray, "2"],
    name: str,
) -> dict[str, Any]:
    each = iter(values.tolist())
    several = len(values) > 1
    return {
        "mean": number(values.mean()),
        "sd": number(values.std(ddof=1)) if several else None,
        "low": number(ends[0]),
        "high": number(ends[1]),
        **_anew(values, draws, name),
        "per_seed": [number(next(each)) if ok else None for ok in finite],
    }


def _anew(
    values: Float[np.ndarray, " s"], draws: Float[np.ndarray, " r"], name: str
) -> dict[str, float | None]:
    """95 % interval of one more training's metric: other rows and another seed."""
    if len(values) < 2 or not np.isfinite(values).all():
        return {"anew_low": None, "anew_high": None}
    width = Spread(float(np.nanvar(draws, dtype=np.float64)), [values], anew=True).half_width
    low, high = values.mean() - width, values.mean() + width
    return {"anew_low": number(max(low, 0.0)), "anew_high": number(min(high, HIGHEST.get(name, 1.0)))}


def _ece(
    task: Task, own: Entrant, values: Float[np.ndarray, " s"], draws: Float[np.ndarray, " r"]
) -> dict[str, float | None]:
    """The calibration error's own intervals, and the error that is chance."""
    expected = float(np.mean([chance(task, shares) for shares in own.shares]))
    low, high = ece_interval(float(values.mean()), draws, expected)
    ends: dict[str, float | None] = {"low": low, "high": high, "chance": expected}
    if len(values) > 1:
        width = Spread(0.0, [values], anew=True).half_width
        ends |= {"anew_low": max(0.0, low - width), "anew_high": min(1.0, high + width)}
    return ends


def number(value: float | np.floating) -> float | None:
    """A number that JSON can hold; None for NaN and infinities."""
    return float(value) if np.isfinite(value) else None
