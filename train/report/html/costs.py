"""Accuracy against what it costs: parameters, training time, inference time."""

from collections.abc import Mapping
from typing import NamedTuple

from headstart.train.report.html.drawing import LEFT, Panel, figure, span
from headstart.train.report.html.markup import section
from headstart.train.results.result import group_by_head, mean_of
from headstart.train.results.run_record import RunRecord

SIZE = (380, 300)
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
    """Three figures on the same scores, which `measure` names."""
    heads = group_by_head(run.results).items()
    kinds = {
        "parameters": ("parameters", {name: mean_of(rows, "params") for name, rows in heads}),
        "training time": (
            "seconds to train, all epochs",
            {name: mean_of(rows, "train_seconds") for name, rows in heads},
        ),
        "inference time": ("seconds for 1,000 rows, features given", run.inference),
    }
    body = "".join(
        _figure(title, label, measure, _spots(run, values)) for title, (label, values) in kinds.items()
    )
    return section("costs", "What accuracy costs", f'<div class="grid three">{body}</div>' if body else "")


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
    taken: list[tuple[float, float, float]] = []
    for spot in sorted(spots, key=lambda spot: -spot.score):
        kind = " floor" if spot.baseline else ""
        panel.line([(spot.cost, spot.low), (spot.cost, spot.high)], f"whisker{kind}")
        panel.dot((spot.cost, spot.score), f"spot{kind}")
        _name(panel, spot, taken)
    says = "; ".join(
        f"{spot.name}: {spot.score:.3f} ({spot.low:.3f} to {spot.high:.3f}) at {spot.cost:.3g}"
        for spot in spots
    )
    name = f"by-{title.replace(' ', '-')}"
    return figure(name, f"{measure} against {label}", says, SIZE, panel.svg())


def _name(panel: Panel, spot: Spot, taken: list[tuple[float, float, float]]) -> None:
    """Write a name beside its dot, on the side and at the height where no other name is."""
    x, y = panel.place((spot.cost, spot.score))
    wide = LETTER * len(spot.name)
    for lift in (4, -8, 16, -20, 28, -32, 40, -44, 52, 64, 76):
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
