"""The first screen: what was compared, which head to take, three figures, and all intervals."""

import os
from collections.abc import Mapping
from datetime import date

from headstart.cache.runtime.text import as_started
from headstart.train.report.html.forest import forest
from headstart.train.report.html.markup import fill, interval, number
from headstart.train.report.html.recommendation import Recommendation
from headstart.train.results.run_record import RunRecord
from headstart.train.statistics.verdict import TITLES

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve")  # fmt: skip
MOST_LABELS = 3
"""So many labels are named in the title."""


def opening(run: RunRecord, titles: Mapping[str, str], recommended: Recommendation) -> str:
    """Heading, recommendation, figures, intervals, and what the tests say."""
    of_layers, head = run.layers.verdict if run.layers else [], recommended.head
    intervals, sentences = forest(run, titles, head), [*of_layers, *run.statistics.verdict]
    if run.about_layers:
        # the heads' verdict, and a list by their test rows, would name the best of many; layers have a figure
        intervals, sentences = "", of_layers[1:]
    return fill(
        "report/html/opening",
        title=title(run),
        about=about(run),
        recommended=recommended,
        figures=figures(run, head),
        sentences=sentences,
        more_rows=_more_rows(run),
        # none of folds has learnt from all rows
        command=None if run.settings.folds else as_started("python predict.py"),
        intervals=intervals,
    )


def title(run: RunRecord) -> str:
    """What a person would call the report: `Toxic in jigsaw.csv: ten heads compared`."""
    source, heads = run.cache.source, [name for name in run.statistics.metrics if name not in run.baselines]
    data = os.path.basename(str(source.get("data", "")).rstrip("/")) or run.cache.name
    labels = str(source.get("label_column") or "").split(",")
    many = len(labels) > MOST_LABELS
    named = f"{_number(len(labels)).capitalize()} labels" if many else ", ".join(filter(None, labels))
    subject, what = f"{named} in {data}" if named else data, _many(len(heads), "head")
    if run.layers and run.about_layers:
        candidates = run.layers.candidates
        layers = {one.layer for one in candidates if one.layer is not None}
        what = f"{_many(len({one.head for one in candidates}), 'head')} on {_many(len(layers), 'layer')}"
    return f"{subject}: {what} compared"


def _many(count: int, what: str) -> str:
    return f"{_number(count)} {what}{'s' * (count != 1)}"


def _number(count: int) -> str:
    return NUMBERS[count] if count < len(NUMBERS) else f"{count:,}"


def about(run: RunRecord) -> str:
    """Rows, task, encoder, seeds and date, in a line."""
    count, folds = run.cache.recipe.get("row_count"), run.settings.folds
    total = f"{count:,} rows" if isinstance(count, int) else ""
    splits = ", ".join(f"{name} {count:,}" for name, count in run.rows.items())
    rows = f"each tested once in {folds} folds" if folds else f"({splits})" if splits else ""
    classes = len(run.task.classes)
    kinds = {
        "binary": "two classes",
        "multiclass": f"{classes} classes",
        "multilabel": f"{classes} labels a row",
    }
    seeds = 1 + max(result.seed for result in run.results)
    parts = [
        f"{total}{',' * bool(total and folds)} {rows}".strip(),
        kinds[run.task.kind],
        f"encoder {run.cache.source.get('backbone', 'unknown')}, frozen",
        f"{seeds} seeds" if seeds > 1 else "",
        _date(str(run.environment.get("date", ""))),
    ]
    return " · ".join(part for part in parts if part)


def _date(day: str) -> str:
    try:
        return f"{date.fromisoformat(day):%-d %B %Y}"
    except ValueError:  # a run of an earlier version has none
        return ""


def figures(run: RunRecord, head: str | None) -> dict[str, str]:
    """The head's score, the best baseline's, and how long a text takes, by what they are."""
    estimates, metric = run.statistics.compared_estimates(), TITLES[run.statistics.compared]
    shown = {f"{metric} of {head}": estimates[head]} if head else {}
    known = [name for name in run.baselines if estimates[name].mean is not None]
    if known:
        best = max(known, key=lambda name: estimates[name].mean or 0.0)
        shown[f"{best}, the best baseline"] = estimates[best]
    values = {
        f"{words}, 95 % interval {interval(one)}" if one.known else words: number(one.mean, 3)
        for words, one in shown.items()
    }
    if head and (seconds := run.inference.get(head)):
        # seconds for 1,000 texts are milliseconds for one
        time = f"{seconds:.2g} ms" if seconds >= 0.01 else f"{1000 * seconds:.2g} µs"
        values[f"{head} takes for a text, once it is encoded"] = time
    return values


def _more_rows(run: RunRecord) -> str:
    """What would tell heads apart, where none are."""
    between = [pair for pair in run.statistics.pairs if not {pair.a, pair.b} & {*run.baselines}]
    if not between or any(pair.differs for pair in between) or run.settings.folds or not run.rows:
        return ""
    return f"all {sum(run.rows.values()):,} rows are tested, not {run.statistics.rows:,}"
