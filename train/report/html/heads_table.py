"""The table of heads and floors, every metric, every class, every pair that differs."""

from collections.abc import Mapping
from typing import Any

from headstart.train.report.html.markup import (
    NOTHING,
    Cell,
    folded,
    number,
    paragraph,
    section,
    table,
    text,
    word,
)

SHOWN = ("accuracy", "roc_auc", "f1", "loss", "ece")
NAMES = {
    "accuracy": "accuracy",
    "subset_accuracy": "exact match",
    "roc_auc": "ROC-AUC",
    "average_precision": "average precision",
    "f1": "F1",
    "macro_f1": "macro F1",
    "balanced_accuracy": "balanced accuracy",
    "loss": "loss",
    "brier": "Brier score",
    "ece": "calibration error",
}
WIDE, HIGH = 96, 14


def scores(run: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """The sortable table, and how to read it."""
    statistics = run["statistics"]
    compared = statistics["compared"]
    measures = [compared, *(name for name in SHOWN if name != compared)]
    header = ["head", "same as", NAMES[compared], "95 % interval", *(NAMES[m] for m in measures[1:])]
    header += ["parameters", "epochs", "train s", "ms per 1,000 rows"]
    ends = _ends(statistics, compared)
    rows = [_row(name, own, run, measures, ends, titles) for name, own in by_head(run).items()]
    marks = ["floor" if name in run.get("floors", ()) else "" for name in by_head(run)]
    body = table(
        "Heads on the test rows. A click on a column sorts.", header, rows, sortable=True, marks=marks
    )
    notes = [
        "Heads that share a letter under “same as” cannot be told apart. Rows in grey are floors: classifiers without "
        "a head, which a head must beat to be worth its name.",
        *statistics.get("notes", ()),
    ]
    return section(
        "scores", "Heads", body, *(paragraph(note, "note") for note in notes), _all_metrics(statistics)
    )


def by_head(run: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """The rows of `results.csv` of each head and floor."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in run["results"]:
        found.setdefault(row["head"], []).append(row)
    return found


def mean(rows: list[Mapping[str, Any]], field: str) -> float:
    """Mean over seeds."""
    return sum(float(row[field]) for row in rows) / len(rows)


def _ends(statistics: Mapping[str, Any], compared: str) -> tuple[float, float]:
    """Where the drawn intervals begin and end; the majority class, far below, would leave no room for the others."""
    values = [
        own[compared][key]
        for name, own in statistics["metrics"].items()
        if name != "majority"
        for key in ("low", "high", "mean")
        if own[compared][key] is not None
    ]
    return (min(values), max(values)) if values else (0.0, 1.0)


def _row(
    name: str,
    rows: list[Mapping[str, Any]],
    run: Mapping[str, Any],
    measures: list[str],
    ends: tuple[float, float],
    titles: Mapping[str, str],
) -> list[Cell]:
    statistics = run["statistics"]
    metrics = statistics["metrics"][name]
    first, *others = [metrics[measure] for measure in measures]
    seconds = run.get("inference", {}).get(name)
    return [
        Cell(f"<span>{text(name)}</span><small>{text(titles.get(name, 'floor'))}</small>", name, "head"),
        word(statistics["groups"][name]),
        number(first["mean"]),
        Cell(interval(first, ends), first["low"], "interval"),
        *(number(own["mean"]) for own in others),
        number(mean(rows, "params"), 0),
        number(mean(rows, "epochs"), 0 if len(rows) == 1 else 1),
        number(mean(rows, "train_seconds"), 1),
        number(seconds, 2, scale=1000),
    ]


def interval(metric: Mapping[str, Any], ends: tuple[float, float]) -> str:
    """An interval as numbers and as a little drawing of them, all on one scale."""
    if None in (metric["low"], metric["high"], metric["mean"]):
        return NOTHING
    size = (ends[1] - ends[0]) or 1.0
    shares = [(metric[key] - ends[0]) / size for key in ("low", "high", "mean")]
    low, high, middle = (4 + (WIDE - 8) * min(1.0, max(0.0, share)) for share in shares)
    return (
        f'<svg class="bar" aria-hidden="true" viewBox="0 0 {WIDE} {HIGH}" width="{WIDE}" height="{HIGH}">'
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="7" y2="7"/><circle cx="{middle:.1f}" cy="7" r="3.5"/></svg>'
        f"<span>{metric['low']:.3f} to {metric['high']:.3f}</span>"
    )


def _all_metrics(statistics: Mapping[str, Any]) -> str:
    heads = statistics["metrics"]
    measures = list(next(iter(heads.values())))
    several = any(own["sd"] is not None for metrics in heads.values() for own in metrics.values())

    def cell(metric: Mapping[str, Any]) -> Cell:
        if metric["mean"] is None:
            return Cell(NOTHING)
        spread = f" ± {metric['sd']:.4f}" if metric["sd"] is not None else ""
        ends = "" if metric["low"] is None else f"<small>{metric['low']:.3f} to {metric['high']:.3f}</small>"
        return Cell(f"{metric['mean']:.4f}{spread}{ends}", metric["mean"])

    rows = [
        [word(name, "head"), *(cell(own[measure]) for measure in measures)] for name, own in heads.items()
    ]
    spread = "mean ± standard deviation over seeds" if several else "value"
    caption = f"Every metric on the test rows: {spread}, below it the 95 % interval over rows"
    return folded(
        "All metrics with their intervals", table(caption, ["head", *map(_named, measures)], rows, True)
    )


def _named(measure: str) -> str:
    return NAMES.get(measure, measure)


def differences(statistics: Mapping[str, Any]) -> str:
    """Which pairs of heads differ, and by how much."""
    found = sorted((pair for pair in statistics["pairs"] if pair["differs"]), key=lambda pair: pair["p_holm"])
    total = len(statistics["pairs"])
    says = f"{len(found)} of {total} pairs differ after Holm's correction at 5 %."
    rows = [
        [
            word(f"{pair['a']} \u2212 {pair['b']}", "head"),
            number(pair["difference"]),
            Cell(f"{pair['low']:+.3f} to {pair['high']:+.3f}", pair["low"]),
            number(pair["only_a"], 0),
            number(pair["only_b"], 0),
            Cell(f"{pair['p_holm']:.2g}", pair["p_holm"]),
        ]
        for pair in found
    ]
    header = ["pair", "difference", "95 % interval", "only first right", "only second right", "p (Holm)"]
    listed = folded("The pairs that differ", table("Pairs that differ", header, rows, True)) if rows else ""
    return section("pairs", "Which differences hold", paragraph(says), listed)
