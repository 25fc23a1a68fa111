"""All heads and baselines with their intervals, on one scale, the best at the top.

A table with a line in each row, and no figure of matplotlib's: its words stay text of a readable size beside their
lines, on a phone of 320 pixels, too.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from headstart.train.report.html.markup import fill
from headstart.train.results.run_record import RunRecord
from headstart.train.statistics.findings import Estimate
from headstart.train.statistics.verdict import TITLES

MOST_HEADS = 12
"""So many heads are drawn, the best ones; more are in the table."""
TICKS = 3
"""Parts of the axis at most; the numbers of more would touch on a phone."""


def forest(run: RunRecord, titles: Mapping[str, str], recommended: str | None) -> str:
    """A table with a drawn interval in each row, in grey the baselines'.

    Args:
        run: What was compared.
        titles: Short names of heads.
        recommended: The head whose row is marked.
    """
    estimates, baselines = run.statistics.compared_estimates(), run.baselines
    ranked = sorted(estimates, key=lambda name: -(estimates[name].mean or 0.0))
    heads = [name for name in ranked if name not in baselines]
    shown = {*heads[:MOST_HEADS], *baselines, *([recommended] if recommended else [])}
    axis = _axis([estimates[name] for name in shown if name != "majority"])

    def place(value: float) -> float:
        """Per cent of the axis; what lies beyond its ends is at them."""
        return round(float(np.interp(value, axis, (0, 100))), 1)

    ticks = [tick for tick in MaxNLocator(TICKS).tick_values(*axis) if axis[0] <= tick <= axis[1]]
    return fill(
        "report/html/forest",
        metric=TITLES[run.statistics.compared],
        ticks={place(tick): f"{100 * tick:.4g}%" for tick in ticks},
        place=place,
        low=axis[0],
        names=[name for name in ranked if name in shown],
        kinds={
            **dict.fromkeys(heads, "head"),
            recommended: "recommended",
            **dict.fromkeys(baselines, "baseline"),
        },
        titles=titles,
        estimates=estimates,
        rest=len(set(heads) - shown),
    )


def _axis(estimates: Sequence[Estimate]) -> tuple[float, float]:
    """Ends of an axis for the intervals; not for the majority class's, which would leave no room for the others."""
    known = [end for estimate in estimates for end in estimate.known or ()] or [0.0, 1.0]
    low, high = min(known), max(known)
    room = 0.06 * (high - low) or 0.05
    return max(0.0, low - room), min(1.0, high + room)
