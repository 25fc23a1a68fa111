"""Confusion matrices and the figures of each class."""

from collections.abc import Mapping, Sequence
from typing import Any

from headstart.train.report.html.markup import Cell, folded, number, section, table, text, word

MOST = 12
"""Classes of a confusion matrix; more cannot be read."""
SHADES = 5


def classes(run: Mapping[str, Any], best: str | None) -> str:
    """Each class of the best head at once, those of the others when wanted."""
    statistics = run["statistics"]
    alive = [name for name, own in statistics["per_class"].items() if own]
    first = alive[:1] if best is None or best not in alive else [best]
    shown = "".join(_head(run, name) for name in first)
    others = "".join(folded(name, _head(run, name)) for name in alive if name not in first)
    return section("classes", "Classes", shown, others)


def _head(run: Mapping[str, Any], name: str) -> str:
    statistics, names = run["statistics"], run["task"]["classes"]
    rows = [
        [
            word(label),
            *(number(own[key], 3) for key in ("precision", "recall", "f1")),
            number(own["support"], 0),
        ]
        for label, own in statistics["per_class"][name].items()
    ]
    scores = table(
        f"{text(name)}: each class",
        ["class", "precision", "recall", "F1", "test rows"],
        rows,
        sortable=len(rows) > 2,
    )
    matrices = _matrices(name, run["task"]["kind"], names, statistics["confusion"][name])
    return f'<div class="pair">{scores}{matrices}</div>'


def _matrices(name: str, kind: str, names: Sequence[str], found: Any) -> str:
    if kind == "multilabel":
        yes_no = [("not " + label, label) for label in names]
        return "".join(
            _matrix(f"{name}, {label}", both, own)
            for label, both, own in zip(names, yes_no, found, strict=True)
        )
    return _matrix(name, names, found) if len(names) <= MOST else ""


def _matrix(title: str, names: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """A table, shaded by the share of the true class's rows."""

    def cell(count: int, row: Sequence[int]) -> Cell:
        share = count / sum(row) if sum(row) else 0.0
        return Cell(f"{count:,}", count, f"number shade-{round(SHADES * share)}")

    rows = [
        [word(label), *(cell(count, row) for count in row)] for label, row in zip(names, counts, strict=True)
    ]
    caption = f"{text(title)}: true class down, decision across"
    return table(caption, ["", *(f"says {label}" for label in names)], rows)
