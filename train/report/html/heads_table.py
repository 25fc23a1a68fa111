"""The table of heads and baselines, every metric, every pair that differs."""

from collections.abc import Iterable, Mapping, Sequence

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
BASELINES = {
    "majority": "the most frequent class",
    "tfidf_logreg": "logistic regression on words",
    "logreg_mean": "logistic regression on means",
}
"""What the baselines are."""
UNDEFINED = {
    "loss": "the loss of a row is infinite",
    "f1": "no test row has class 1, and none is said to",
    "roc_auc": "no class has both test rows that are of it and test rows that are not",
    "average_precision": "no test row has such a class",
}
"""Why a metric of a head that did not diverge is not defined."""


def scores(run: RunRecord, titles: Mapping[str, str], notebook: Mapping[str, str]) -> str:
    """The sortable table, and how to read it.

    Args:
        run: What was compared.
        titles: Short names of heads.
        notebook: What the notebook calls those that it had.
    """
    compared, heads = run.statistics.compared, group_by_head(run.results)
    measures = [compared, *(name for name in SHOWN if name != compared)]
    header = ["head", "same as", NAMES[compared], "95 % interval", *(NAMES[m] for m in measures[1:])]
    header += ["parameters", "epochs", "train s", "ms per 1,000 rows"]
    rows = [
        [
            _name(name, titles),
            *_estimates(run.statistics, name, measures),
            *_costs(results, run.inference.get(name)),
        ]
        for name, results in heads.items()
    ]
    marks = ["floor" if name in run.baselines else "" for name in heads]
    body = table(
        "Heads on the test rows. A click on a column sorts.", header, rows, sortable=True, marks=marks
    )
    notes = [
        "Heads that share a letter under “same as” cannot be told apart. Rows in grey are baselines: classifiers "
        "without a head, which a head must beat to be worth its name.",
        *run.statistics.notes,
    ]
    below = [*(paragraph(note, "note") for note in notes), _all_metrics(run.statistics)]
    return section("scores", "Heads", body, *below, _footnote(notebook, heads))


def _footnote(notebook: Mapping[str, str], heads: Iterable[str]) -> str:
    """The notebook's names, under which its results are published."""
    names = "; ".join(f"{name}: {notebook[name]}" for name in heads if name in notebook)
    why = "It calls hidden states finetuned, though the encoder is frozen: here nothing of it is."
    return folded(
        "What the notebook calls these heads", paragraph(f"{why} {names}.", "note") if names else ""
    )


def _name(name: str, titles: Mapping[str, str]) -> TableCell:
    return TableCell(
        f"<span>{text(name)}</span><small>{text(titles.get(name, 'baseline'))}</small>", name, "head"
    )


def _estimates(summary: Summary, name: str, measures: Sequence[str]) -> list[TableCell]:
    first, *others = [summary.metrics[name][measure] for measure in measures]
    ends = NOTHING if first.known is None else f"{first.low:.3f} to {first.high:.3f}"
    values = [number(other.mean) for other in others]
    return [word(summary.groups[name]), number(first.mean), TableCell(ends, first.low), *values]


def _costs(results: Sequence[Result], seconds: float | None) -> list[TableCell]:
    return [
        number(mean_of(results, "params"), 0),
        number(mean_of(results, "epochs"), 0 if len(results) == 1 else 1),
        number(mean_of(results, "train_seconds"), 1),
        number(seconds, 2, scale=1000),
    ]


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
