"""The table of heads and baselines, every metric, every pair that differs."""

from collections.abc import Mapping

from headstart.train.report.html.markup import fill
from headstart.train.results.result import group_by_head, mean_of
from headstart.train.results.run_record import RunRecord
from headstart.train.statistics.findings import Summary

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
    """The sortable table, how to read it, every metric, and the names under which the notebook's results are published.

    Args:
        run: What was compared.
        titles: Short names of heads.
        notebook: What the notebook calls those that it had.
    """
    heads, summary = group_by_head(run.results), run.statistics
    estimates = [estimate for metrics in summary.metrics.values() for estimate in metrics.values()]
    every = {name: NAMES.get(name, name) for name in next(iter(summary.metrics.values()))}
    return fill(
        "report/html/scores",
        run=run,
        summary=summary,
        titles=titles,
        compared=NAMES[summary.compared],
        others={name: NAMES[name] for name in SHOWN if name != summary.compared},
        heads=heads,
        mean_of=mean_of,
        every=every,
        spread=any(estimate.sd is not None for estimate in estimates),
        undefined=_undefined(summary),
        notebook="; ".join(f"{name}: {notebook[name]}" for name in heads if name in notebook),
    )


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


def differences(summary: Summary) -> str:
    """Which pairs of heads differ, and by how much."""
    differing = sorted((pair for pair in summary.pairs if pair.differs), key=lambda pair: pair.p_holm)
    return fill("report/html/pairs", differing=differing, count=len(summary.pairs))
