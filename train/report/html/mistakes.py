"""Where heads are wrong: confusion matrices, the figures of each class, the best head's most confident mistakes."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from headstart.cache.task import Task
from headstart.train.metrics.confusion import ClassScores
from headstart.train.metrics.probabilities import LINKS, decisions, probabilities_of
from headstart.train.report.html.markup import (
    TableCell,
    folded,
    number,
    paragraph,
    section,
    table,
    text,
    word,
)
from headstart.train.results.run_record import RunRecord

MOST_CLASSES = 12
"""Classes of a confusion matrix; more cannot be read."""
FEW = 10
"""Test rows of a class; the recall of fewer is mostly chance."""
SHADES = 5
MOST_MISTAKES, LONGEST = 20, 600


def classes(run: RunRecord, best: str | None) -> str:
    """Each class of the best head at once, those of the others folded."""
    scores = {name: per_class for name, per_class in run.statistics.per_class.items() if per_class}
    heads = {name: _head(run, name, per_class) for name, per_class in scores.items()}
    first = best if best in heads else next(iter(heads), None)
    others = "".join(shown for name, shown in heads.items() if name != first)
    return section("classes", "Classes", heads[first] if first else "", folded("The other heads", others))


def _head(run: RunRecord, name: str, per_class: Mapping[str, ClassScores]) -> str:
    rows = [
        [word(label), *(number(value, 3) for value in shown), number(support, 0)]
        for label, (precision, recall, f1, support) in per_class.items()
        for shown in [(recall, precision, f1)]
    ]
    header = ["class", "recall", "precision", "F1", "test rows"]
    scores = table(f"{text(name)}: each class", header, rows, sortable=len(rows) > 2)
    undefined = any(value is None for row in per_class.values() for value in row)
    note = paragraph("\u2013 not defined: no test row has the class, or none is said to have it.", "note")
    matrices = _matrices(name, run.task, run.statistics.confusion[name])
    rare = [f"{label} ({one.support})" for label, one in per_class.items() if one.support < FEW]
    doubt = f"Fewer than ten test rows, too few to judge a class by: {', '.join(rare[:MOST_CLASSES])}."
    notes = note * undefined + paragraph(doubt, "note") * bool(rare)
    return f'<div class="pair">{scores}{matrices}</div>{notes}'


def _matrices(name: str, task: Task, counts: Any) -> str:
    if task.several:
        labels = zip(task.classes, counts, strict=True)
        return "".join(
            _matrix(f"{name}, {label}", [f"not {label}", label], matrix) for label, matrix in labels
        )
    return _matrix(name, task.classes, counts) if len(task.classes) <= MOST_CLASSES else ""


def _matrix(title: str, names: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """A table, shaded by the share of the true class's rows."""

    def cell(count: int, row: Sequence[int]) -> TableCell:
        share = count / sum(row) if sum(row) else 0.0
        return TableCell(f"{count:,}", count, f"number shade-{round(SHADES * share)}")

    rows = [
        [word(label), *(cell(count, row) for count in row)] for label, row in zip(names, counts, strict=True)
    ]
    caption = f"{text(title)}: true class down, decision across"
    return table(caption, ["", *(f"says {label}" for label in names)], rows)


class Mistake(NamedTuple):
    """A row that was decided wrongly: its place, the probability given to the wrong answer, and both answers."""

    place: int
    confidence: float
    said: str
    truth: str


def mistakes(task: Task, arrays: Mapping[str, np.ndarray], texts: Sequence[str], best: str) -> str:
    """A folded list, with a warning.

    Args:
        task: What is told apart.
        arrays: Answers to the test rows, see `train.results.outcome.Outcome`.
        texts: The cleaned test texts.
        best: The head whose mistakes are shown.
    """
    logits = [seed for name, seed in arrays.items() if name.rpartition("/")[0] == best]
    if not logits or any(np.isnan(seed).any() for seed in logits):
        return ""
    probabilities = np.mean([probabilities_of(task, seed) for seed in logits], axis=0)
    wrong = confident_mistakes(task, probabilities, arrays["labels"])
    title = "Most confident mistakes"
    if not wrong:
        return section("mistakes", title, paragraph(f"{best} makes no mistake on the test rows."))
    items = "".join(_item(mistake, arrays["rows"], texts) for mistake in wrong)
    warning = paragraph("Warning: these are texts from your data. They may be offensive.", "warning")
    summary = f"Show the {len(wrong)} most confident mistakes of {best}. The texts may be offensive"
    why = "Cleaned, as the encoder saw them. Confident mistakes often show labels that are wrong."
    return section("mistakes", title, paragraph(why), folded(summary, f"{warning}<ol>{items}</ol>"))


def confident_mistakes(task: Task, probabilities: np.ndarray, labels: np.ndarray) -> list[Mistake]:
    """The rows that were decided wrongly with the highest probability, highest first.

    A row of several labels counts by the label that is most confidently wrong.
    """
    # [n, q]: one decision a row, or one for each label
    said, truth = (values.reshape(len(labels), -1) for values in (decisions(task, probabilities), labels))
    confidence = np.where(said != truth, LINKS[task.link].confidence(probabilities), -1.0)
    wrong = []
    for place in np.argsort(-confidence.max(axis=1), kind="stable")[:MOST_MISTAKES]:
        at = int(confidence[place].argmax())
        if confidence[place, at] < 0:
            break
        answers = (_answer(task, at, int(values[place, at])) for values in (said, truth))
        wrong.append(Mistake(int(place), float(confidence[place, at]), *answers))
    return wrong


def _answer(task: Task, at: int, value: int) -> str:
    """A decision in words: the class, or whether a row has the class at a place."""
    if task.several:
        return task.classes[at] if value else f"not {task.classes[at]}"
    return task.classes[value]


def _item(mistake: Mistake, rows: np.ndarray, texts: Sequence[str]) -> str:
    words = texts[mistake.place]
    shown = words if len(words) <= LONGEST else words[:LONGEST] + " …"
    answer = f"says {mistake.said} ({mistake.confidence:.1%}), label {mistake.truth}"
    about = f"row {int(rows[mistake.place]) + 1:,}: {answer}"
    return f"<li><p><small>{text(about)}</small></p><blockquote><bdi>{text(shown)}</bdi></blockquote></li>"
