"""Learning curves: loss and accuracy of each head by epoch."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from headstart.train.report.html.drawing import Panel, Point, Span, figure, span
from headstart.train.report.html.heads_table import by_head
from headstart.train.report.html.markup import section, text

SIZE = (560, 190)
HALF = (SIZE[0] // 2, SIZE[1])
KEY = (
    '<p class="key"><span class="k valid">validation</span><span class="k train">training</span>'
    '<span class="k best">best epoch</span><span class="k cut">learning rate cut</span></p>'
)

Records = Sequence[Mapping[str, Any]]


def epochs(run: Mapping[str, Any]) -> str:
    """One figure for each head; with several seeds the first is strong, the others are faint."""
    heads: dict[str, list[Records]] = {}
    for name, records in run.get("histories", {}).items():
        if records:
            heads.setdefault(name.rpartition("/")[0], []).append(records)
    results = by_head(run)
    figures = "".join(
        # both lists begin with the first fold's first seed
        _figure(f"epochs-{at}", name, seeds, results[name][0]["best_epoch"])
        for at, (name, seeds) in enumerate(heads.items())
    )
    return section("epochs", "Learning curves", f'{KEY}<div class="grid">{figures}</div>' if figures else "")


def value(number: float | int | None) -> float:
    """A number of `results.json`, where null stands for NaN."""
    return math.nan if number is None else number


def _figure(name: str, head: str, seeds: list[Records], best: int) -> str:
    panels = [_panel(seeds, measure, best, at * HALF[0]) for at, measure in enumerate(("loss", "accuracy"))]
    first = seeds[0]
    cuts = [record["epoch"] for record in first if record["lr_cut"]]
    says = (
        f"{len(first)} epochs; best epoch {best}, with validation loss {value(first[best - 1]['valid_loss']):.4f} and "
        f"accuracy {value(first[best - 1]['valid_accuracy']):.4f}; "
        + (
            f"learning rate cut after epoch {', '.join(map(str, cuts))}"
            if cuts
            else "learning rate never cut"
        )
    )
    return figure(
        name, f"Learning curves of {head}", says, SIZE, *panels, caption=f"<b>{text(head)}</b> {text(says)}"
    )


def _panel(seeds: list[Records], measure: str, best: int, left: int) -> str:
    values = [value(r[key]) for records in seeds for r in records for key in (measure, f"valid_{measure}")]
    finite = [number for number in values if math.isfinite(number)] or [0.0, 1.0]
    longest = max(len(records) for records in seeds)
    y = span(finite, "", percent=measure == "accuracy")
    panel = Panel(Span(0.5, longest + 0.5, "epoch"), y, measure, HALF, left)
    for at, records in reversed(list(enumerate(seeds))):
        faint = " faint" if at else ""
        panel.line(_points(records, measure), f"train{faint}")
        panel.line(_points(records, f"valid_{measure}"), f"valid{faint}")
    for record in seeds[0]:
        if record["lr_cut"]:
            panel.upright(record["epoch"] + 0.5, "cut")
    height = value(seeds[0][best - 1][f"valid_{measure}"])
    if math.isfinite(height):
        panel.dot((best, height), "best")
    return panel.svg()


def _points(records: Records, field: str) -> list[Point]:
    return [(record["epoch"], value(record[field])) for record in records]
