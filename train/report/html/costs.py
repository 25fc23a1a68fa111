"""Accuracy against parameters and inference time; heads that train together have no time to themselves."""

from collections.abc import Mapping
from typing import NamedTuple

from headstart.train.report.html.drawing import LEFT, Panel, figure, span
from headstart.train.report.html.markup import section
from headstart.train.results.result import group_by_head, mean_of
from headstart.train.results.run_record import RunRecord

SIZE = (560, 320)
LETTER = 5.6
"""Width of a letter, about; enough to keep names apart."""


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
    heads = group_by_head(run.results).items()
    kinds = {
        "parameters": ("parameters", {name: mean_of(rows, "params") for name, rows in heads}),
        "inference time": ("seconds for 1,000 rows, features given", run.inference),
    }
    body = "".join(
        _figure(title, label, measure, _spots(run, values)) for title, (label, values) in kinds.items()
    )
    return section("costs", "What accuracy costs", f'<div class="grid">{body}</div>' if body else "")


def _spots(run: RunRecord, costs: Mapping[str, float]) -> list[Spot]:
    scores = {name: estimate.known for name, estimate in run.statistics.compared_estimates().items()}
    return [
        Spot(name, cost, *score, name in run.baselines)
        for name, cost in costs.items()
        if cost > 0 and (score := scores[name])
    ]


def _figure(title: str, label: str, measure: str, spots: list[Spot]) -> str:
    if not spots:
        return ""
    x = span([spot.cost for spot in spots], f"{label} (powers of ten)", log=True)
    y = span([end for spot in spots for end in (spot.low, spot.high)], "", percent=True)
    panel = Panel(x, y, f"{measure} by {title}", SIZE)
    taken = [_around(panel, spot) for spot in spots]
    for spot in spots:
        kind = " floor" if spot.baseline else ""
        panel.line([(spot.cost, spot.low), (spot.cost, spot.high)], f"whisker{kind}")
        panel.dot((spot.cost, spot.score), f"spot{kind}")
    for spot in sorted(spots, key=lambda spot: -spot.score):
        if not any(_better(other, spot) for other in spots):
            _name(panel, spot, taken)
    says = "; ".join(
        f"{spot.name}: {spot.score:.3f} ({spot.low:.3f} to {spot.high:.3f}) at {spot.cost:.3g}"
        for spot in spots
    )
    name = f"by-{title.replace(' ', '-')}"
    named = "Named are those that no other beats at the same or less cost."
    return figure(name, f"{measure} against {label}", says, SIZE, panel.svg(), caption=named)


def _better(a: Spot, b: Spot) -> bool:
    """Whether one costs no more than another and scores no less, and differs."""
    return a.cost <= b.cost and a.score >= b.score and (a.cost, a.score) != (b.cost, b.score)


def _around(panel: Panel, spot: Spot) -> tuple[float, float, float]:
    """The room that a dot takes: left end, right end, and the base of words that would lie on it."""
    x, y = panel.place((spot.cost, spot.score))
    return x - 5, x + 5, y + 4


def _name(panel: Panel, spot: Spot, taken: list[tuple[float, float, float]]) -> None:
    """Write a name beside its dot, on the side and at the height where no other name is."""
    x, y = panel.place((spot.cost, spot.score))
    wide = LETTER * len(spot.name)
    for lift in (4, -8, 16, -20, 28, -32):
        for anchor, left in (("start", x + 8), ("end", x - 8 - wide)):
            inside = left > LEFT and left + wide < SIZE[0]
            free = all(
                abs(y + lift - other) > 10 or left > end or left + wide < begin for begin, end, other in taken
            )
            if inside and free:
                taken.append((left, left + wide, y + lift))
                shift = 8 if anchor == "start" else -8
                panel.words_at(x + shift, y + lift, spot.name, anchor)
                return
