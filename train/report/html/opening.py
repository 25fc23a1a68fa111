"""The first screen: what was compared, which head to take, three figures, and all intervals."""

import os
from collections.abc import Mapping
from datetime import date

from headstart.cache.runtime.text import as_started
from headstart.train.report.html.forest import forest
from headstart.train.report.html.markup import paragraph, text
from headstart.train.report.html.recommendation import Recommendation
from headstart.train.results.run_record import RunRecord
from headstart.train.statistics.findings import Estimate
from headstart.train.statistics.verdict import TITLES

NUMBERS = [
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]
MOST_LABELS = 3
"""So many labels are named in the title."""


def opening(run: RunRecord, titles: Mapping[str, str], recommended: Recommendation) -> str:
    """Heading, recommendation, figures, intervals, and what the tests say."""
    of_layers = run.layers.verdict if run.layers else []
    intervals, sentences = forest(run, titles, recommended.head), [*of_layers, *run.statistics.verdict]
    if run.about_layers:
        # the heads' verdict, and a list by their test rows, would name the best of many; layers have a figure
        intervals, sentences = "", of_layers[1:]
    reasons = "".join(map(paragraph, sentences)) + _more_rows(run) + _use(run, recommended.head)
    return (
        f'<h1>{text(title(run))}</h1><p class="note">{text(about(run))}</p><div class="opening"><div>'
        f'{paragraph(recommended.sentence, "verdict")}<dl class="figures">{figures(run, recommended.head)}</dl>'
        f"{reasons}</div>{intervals}</div>"
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


def figures(run: RunRecord, head: str | None) -> str:
    """The head's score, the best baseline's, and how long a text takes."""
    estimates, metric = run.statistics.compared_estimates(), TITLES[run.statistics.compared]
    parts = [_figure(f"{metric} of {head}", estimates[head])] if head else []
    known = [name for name in run.baselines if estimates[name].mean is not None]
    if known:
        best = max(known, key=lambda name: estimates[name].mean or 0.0)
        parts.append(_figure(f"{best}, the best baseline", estimates[best]))
    if head and (seconds := run.inference.get(head)):
        # seconds for 1,000 texts are milliseconds for one
        time = f"{seconds:.2g} ms" if seconds >= 0.01 else f"{1000 * seconds:.2g} µs"
        parts.append(_entry(time, f"{head} takes for a text, once it is encoded"))
    return "".join(parts)


def _figure(words: str, estimate: Estimate) -> str:
    ends = f", 95 % interval {estimate.low:.3f} to {estimate.high:.3f}" if estimate.known else ""
    return _entry(f"{estimate.mean:.3f}", f"{words}{ends}")


def _entry(value: str, words: str) -> str:
    return f"<div><dt>{text(words)}</dt><dd>{text(value)}</dd></div>"


def _more_rows(run: RunRecord) -> str:
    """What would tell heads apart, where none are."""
    between = [pair for pair in run.statistics.pairs if not {pair.a, pair.b} & {*run.baselines}]
    rows = sum(run.rows.values())
    if not between or any(pair.differs for pair in between) or run.settings.folds or not run.rows:
        return ""
    says = f"all {rows:,} rows are tested, not {run.statistics.rows:,}"
    return f"<p>More test rows tell more heads apart: with <code>--folds 5</code> {says}.</p>"


def _use(run: RunRecord, head: str | None) -> str:
    """How new texts are labelled with a head; none of folds has learnt from all rows."""
    if head is None or run.settings.folds:
        return ""
    command = f'{as_started("python predict.py")} --run FOLDER --head {head} "some text"'
    where = paragraph("To label new texts with it, where FOLDER is the one with this report:")
    return f"{where}<pre><code>{text(command)}</code></pre>"
