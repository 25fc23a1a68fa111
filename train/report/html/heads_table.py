"""The table of heads and baselines, every metric, every pair that differs."""

from collections.abc import Mapping, Sequence

from headstart.train.report.html.markup import (
    NOTHING,
    TableCell,
    folded,
    number,
    paragraph,
    section,
    table,
    text,
    word,
)
from headstart.train.results.result import Result, group_by_head, mean_of
from headstart.train.results.run_record import RunRecord
from headstart.train.statistics.findings import Estimate, Summary

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
UNDEFINED = {
    "loss": "the loss of a row is infinite",
    "f1": "no test row has class 1, and none is said to",
    "roc_auc": "no class has both test rows that are of it and test rows that are not",
    "average_precision": "no test row has such a class",
}
"""Why a metric of a head that did not diverge is not defined."""


def scores(run: RunRecord, titles: Mapping[str, str]) -> str:
    """The sortable table, and how to read it."""
    compared, heads = run.statistics.compared, group_by_head(run.results)
    measures = [compared, *(name for name in SHOWN if name != compared)]
    header = ["head", "same as", NAMES[compared], "95 % interval", *(NAMES[m] for m in measures[1:])]
    header += ["parameters", "epochs", "train s", "ms per 1,000 rows"]
    ends = _ends(run.statistics)
    rows = [
        [
            _name(name, titles),
            *_estimates(run.statistics, name, measures, ends),
            *_costs(results, run.inference.get(name)),
        ]
        for name, results in heads.items()
    ]
    marks = ["floor" if name in run.baselines else "" for name in heads]
    body = table(
        "Heads on the test rows. A click on a column sorts.", header, rows, sortable=True, marks=marks
    )
    notes = [
        "Heads that share a letter under “same as” cannot be told apart. Rows in grey are floors: classifiers without "
        "a head, which a head must beat to be worth its name.",
        *run.statistics.notes,
    ]
    return section(
        "scores", "Heads", body, *(paragraph(note, "note") for note in notes), _all_metrics(run.statistics)
    )


def _ends(summary: Summary) -> tuple[float, float]:
    """Where the drawn intervals begin and end; the majority class, far below, would leave no room for the others."""
    values = [
        value
        for name, estimate in summary.compared_estimates().items()
        if name != "majority"
        for value in (estimate.low, estimate.high, estimate.mean)
        if value is not None
    ]
    return (min(values), max(values)) if values else (0.0, 1.0)


def _name(name: str, titles: Mapping[str, str]) -> TableCell:
    return TableCell(
        f"<span>{text(name)}</span><small>{text(titles.get(name, 'floor'))}</small>", name, "head"
    )


def _estimates(
    summary: Summary, name: str, measures: Sequence[str], ends: tuple[float, float]
) -> list[TableCell]:
    first, *others = [summary.metrics[name][measure] for measure in measures]
    drawn = TableCell(interval(first, ends), first.low, "interval")
    return [word(summary.groups[name]), number(first.mean), drawn, *(number(other.mean) for other in others)]


def _costs(results: Sequence[Result], seconds: float | None) -> list[TableCell]:
    return [
        number(mean_of(results, "params"), 0),
        number(mean_of(results, "epochs"), 0 if len(results) == 1 else 1),
        number(mean_of(results, "train_seconds"), 1),
        number(seconds, 2, scale=1000),
    ]


def interval(estimate: Estimate, ends: tuple[float, float]) -> str:
    """An interval as numbers and as a little drawing of them, all on one scale."""
    if estimate.known is None:
        return NOTHING
    size = (ends[1] - ends[0]) or 1.0
    shares = [(value - ends[0]) / size for value in estimate.known]
    middle, low, high = (4 + (WIDE - 8) * min(1.0, max(0.0, share)) for share in shares)
    return (
        f'<svg class="bar" aria-hidden="true" viewBox="0 0 {WIDE} {HIGH}" width="{WIDE}" height="{HIGH}">'
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="7" y2="7"/><circle cx="{middle:.1f}" cy="7" r="3.5"/></svg>'
        f"<span>{estimate.low:.3f} to {estimate.high:.3f}</span>"
    )


def _all_metrics(summary: Summary) -> str:
    measures = list(next(iter(summary.metrics.values())))
    several = any(e.sd is not None for metrics in summary.metrics.values() for e in metrics.values())
    rows = [
        [word(name, "head"), *(_with_interval(metrics[measure]) for measure in measures)]
        for name, metrics in summary.metrics.items()
    ]
    spread = "mean ± standard deviation over seeds" if several else "value"
    caption = f"Every metric on the test rows: {spread}, below it the 95 % interval over rows"
    header = ["head", *(NAMES.get(measure, measure) for measure in measures)]
    notes = "".join(paragraph(note, "note") for note in _undefined(summary))
    return folded("All metrics with their intervals", table(caption, header, rows, True) + notes)


def _undefined(summary: Summary) -> list[str]:
    """What the dashes of the table of all metrics stand for."""
    alive = {
        name: metrics for name, metrics in summary.metrics.items() if summary.confusion[name] is not None
    }
    missing = {
        measure: [name for name, metrics in alive.items() if metrics[measure].mean is None]
        for measure in UNDEFINED
    }
    notes = [
        f"{NAMES[measure]} is not defined where {UNDEFINED[measure]}: {', '.join(names)}."
        for measure, names in missing.items()
        if names
    ]
    if len(alive) < len(summary.metrics):
        notes.append("A head that diverged has no numbers.")
    estimates = [estimate for metrics in alive.values() for estimate in metrics.values()]
    if any(estimate.mean is not None and estimate.low is None for estimate in estimates):
        notes.append(
            "A value without an interval is the same in every resample, which says nothing of other rows."
        )
    return notes


def _with_interval(estimate: Estimate) -> TableCell:
    if estimate.mean is None:
        return TableCell(NOTHING)
    spread = f" ± {estimate.sd:.4f}" if estimate.sd is not None else ""
    ends = "" if estimate.low is None else f"<small>{estimate.low:z.3f} to {estimate.high:z.3f}</small>"
    return TableCell(f"{estimate.mean:z.4f}{spread}{ends}", estimate.mean)


def differences(summary: Summary) -> str:
    """Which pairs of heads differ, and by how much."""
    differing = sorted((pair for pair in summary.pairs if pair.differs), key=lambda pair: pair.p_holm)
    says = f"{len(differing)} of {len(summary.pairs)} pairs differ after Holm's correction at 5 %."
    rows = [
        [
            word(f"{pair.a} \u2212 {pair.b}", "head"),
            number(pair.difference),
            TableCell(f"{pair.low:+z.3f} to {pair.high:+z.3f}", pair.low),
            number(pair.only_a, 0),
            number(pair.only_b, 0),
            TableCell(f"{pair.p_holm:.2g}", pair.p_holm),
        ]
        for pair in differing
    ]
    header = ["pair", "difference", "95 % interval", "only first right", "only second right", "p (Holm)"]
    listed = folded("The pairs that differ", table("Pairs that differ", header, rows, True)) if rows else ""
    return section("pairs", "Which differences hold", paragraph(says), listed)
