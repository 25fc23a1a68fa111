"""Accuracy against what it costs: parameters, training time, inference time."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from headstart.train.report.html.drawing import LEFT, Panel, figure, span
from headstart.train.report.html.heads_table import NAMES, by_head, mean
from headstart.train.report.html.markup import section

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
    floor: bool


def costs(run: Mapping[str, Any]) -> str:
    """Three figures on the same scores."""
    compared = run["statistics"]["compared"]
    heads = by_head(run).items()
    kinds = {
        "parameters": ("parameters", {name: mean(rows, "params") for name, rows in heads}),
        "training time": (
            "seconds to train, all epochs",
            {name: mean(rows, "train_seconds") for name, rows in heads},
        ),
        "inference time": ("seconds for 1,000 rows, features given", dict(run.get("inference", {}))),
    }
    figures = [
        _figure(title, label, NAMES[compared], _spots(run, values, compared))
        for title, (label, values) in kinds.items()
    ]
    body = "".join(figures)
    return section("costs", "What accuracy costs", f'<div class="grid three">{body}</div>' if body else "")


def _spots(run: Mapping[str, Any], values: Mapping[str, float], compared: str) -> list[Spot]:
    found = []
    for name, cost in values.items():
        own = run["statistics"]["metrics"][name][compared]
        if cost > 0 and None not in (own["mean"], own["low"], own["high"]):
            found.append(
                Spot(name, cost, own["mean"], own["low"], own["high"], name in run.get("floors", ()))
            )
    return found


def _figure(title: str, label: str, measure: str, spots: list[Spot]) -> str:
    if not spots:
        return ""
    x = span([spot.cost for spot in spots], f"{label} (powers of ten)", log=True)
    y = span([end for spot in spots for end in (spot.low, spot.high)], "", percent=True)
    panel, taken = (
        Panel(x, y, f"{measure} by {title}", SIZE),
        list[tuple[float, float, float]](),
    )
    for spot in sorted(spots, key=lambda spot: -spot.score):
        kind = "spot floor" if spot.floor else "spot"
        panel.line(
            [(spot.cost, spot.low), (spot.cost, spot.high)], f"whisker{' floor' if spot.floor else ''}"
        )
        panel.dot((spot.cost, spot.score), kind)
        _name(panel, spot, taken)
    says = "; ".join(
        f"{spot.name}: {spot.score:.3f} ({spot.low:.3f} to {spot.high:.3f}) at {spot.cost:.3g}"
        for spot in spots
    )
    return figure(
        f"by-{title.replace(chr(32), chr(45))}", f"{measure} against {label}", says, SIZE, panel.svg()
    )


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
