"""Accuracy against parameters and inference time; heads that train together have no time to themselves."""

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, PercentFormatter
from matplotlib.transforms import Bbox

from headstart.train.report.html.drawing import inline
from headstart.train.report.html.markup import fill
from headstart.train.results import plots
from headstart.train.results.result import group_by_head, mean_of
from headstart.train.results.run_record import RunRecord

PLACES = [(x, y) for y in (0, 12, -12, 24, -24, 36, -36) for x in (7, -7)]
"""Where a name may stand, in points from its dot."""
COLOURS = (plots.BLUE, plots.FAINT)
"""Of heads and of baselines."""


class Spot(NamedTuple):
    """A head in a figure: what it costs, and its score with the interval."""

    name: str
    cost: float
    score: float
    low: float
    high: float
    baseline: bool


def costs(run: RunRecord, measure: str) -> str:
    """Two figures on the same scores, which `measure` names."""
    known = {name: one.known for name, one in run.statistics.compared_estimates().items() if one.known}
    parameters = {name: mean_of(rows, "params") for name, rows in group_by_head(run.results).items()}
    kinds = {
        "parameters": ("parameters", parameters),
        "inference time": ("seconds for 1,000 rows, features given", run.inference),
    }
    figures = [
        _drawn(title, label, measure, spots)
        for title, (label, values) in kinds.items()
        if (spots := [Spot(name, value, *known[name], name in run.baselines) for name, value in values.items()
            if value > 0 and name in known])
    ]  # fmt: skip
    return fill("report/html/costs", figures=figures) if figures else ""


def _drawn(title: str, label: str, measure: str, spots: Sequence[Spot]) -> str:
    says = "; ".join(f"{s.name}: {s.score:.3f} ({s.low:.3f} to {s.high:.3f}) at {s.cost:.3g}" for s in spots)
    drawn = scatter(f"{measure} by {title}", label, spots)
    return inline(drawn, f"by-{title.replace(' ', '-')}", f"{measure} against {label}", says)


def scatter(title: str, label: str, spots: Sequence[Spot]) -> Figure:
    """Scores with their intervals over costs; heads that no other beats at the same or less cost are named."""
    figure = Figure(figsize=(5, 3.2), dpi=72)
    figure.subplots_adjust(left=0.12, right=0.97, top=0.92, bottom=0.16)
    axes = figure.subplots()
    for spot in spots:
        reach, colour = [[spot.score - spot.low], [spot.high - spot.score]], COLOURS[spot.baseline]
        axes.errorbar(spot.cost, spot.score, reach, fmt="o", color=colour, ms=6, elinewidth=0.8)
    costs = [spot.cost for spot in spots]
    axes.set_xscale("log")
    axes.set_xlim(min(costs) / 1.6, max(costs) * 1.6)
    axes.xaxis.set_major_locator(LogLocator(subs=(1,) if max(costs) > 30 * min(costs) else (1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:,.10g}")
    axes.minorticks_off()
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    plots.name_axes(axes, title, f"{label} (powers of ten)")
    name_best(axes, spots)
    return figure


def name_best(axes: Axes, spots: Sequence[Spot]) -> None:
    """Write names beside their dots, each where no other name and no dot is; one without such a place is left out."""
    dots = axes.transData.transform([(spot.cost, spot.score) for spot in spots])
    taken = [Bbox.from_bounds(x - 4, y - 4, 8, 8) for x, y in dots]
    for spot in sorted(spots, key=lambda spot: -spot.score):
        if any(_better(other, spot) for other in spots):
            continue
        for place in PLACES:
            words = axes.annotate(
                spot.name, (spot.cost, spot.score), place, textcoords="offset points",
                ha="left" if place[0] > 0 else "right", va="center", fontsize=plots.SMALL,
            )  # fmt: skip
            box = words.get_window_extent()
            if axes.bbox.x0 <= box.x0 and box.x1 <= axes.bbox.x1 and not box.count_overlaps(taken):
                taken.append(box)
                break
            words.remove()


def _better(a: Spot, b: Spot) -> bool:
    """Whether one costs no more than another and scores no less, and differs."""
    return a.cost <= b.cost and a.score >= b.score and (a.cost, a.score) != (b.cost, b.score)
