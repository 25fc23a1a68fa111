"""Where heads are wrong: confusion matrices, the figures of each class, the best head's most confident mistakes."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from headstart.cache.task import Task
from headstart.train.metrics.confusion import ClassScores
from headstart.train.metrics.probabilities import LINKS, decisions, probabilities_of
from headstart.train.report.html.markup import fill
from headstart.train.results.run_record import RunRecord

MOST_CLASSES = 12
"""Classes of a confusion matrix; more cannot be read."""
FEW = 10
"""Test rows of a class; the recall of fewer is mostly chance."""
MOST_MISTAKES, LONGEST = 20, 600


def classes(run: RunRecord, best: str | None) -> str:
    """Each class of the best head at once, those of the others folded."""
    heads = [_head(run, name, per_class) for name, per_class in run.statistics.per_class.items() if per_class]
    heads.sort(key=lambda head: head["name"] != best)
    return fill("report/html/classes", heads=heads) if heads else ""


def _head(run: RunRecord, name: str, per_class: Mapping[str, ClassScores]) -> dict[str, Any]:
    """What the template shows of a head."""
    rare = [f"{label} ({one.support})" for label, one in per_class.items() if one.support < FEW]
    return {
        "name": name,
        "per_class": per_class,
        "matrices": _matrices(run.task, run.statistics.confusion[name]),
        "undefined": any(value is None for row in per_class.values() for value in row),
        "rare": ", ".join(rare[:MOST_CLASSES]),
    }


def _matrices(task: Task, counts: Any) -> list[tuple[str, dict[str, list[int]]]]:
    """What each confusion matrix is about, and its rows by the name of the true class."""
    if not task.several:
        few = len(task.classes) <= MOST_CLASSES
        return [("", dict(zip(task.classes, counts, strict=True)))] if few else []
    labels = zip(task.classes, counts, strict=True)
    return [(f", {label}", {f"not {label}": absent, label: present}) for label, (absent, present) in labels]


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
    return fill(
        "report/html/mistakes", wrong=wrong, best=best, rows=arrays["rows"], texts=texts, longest=LONGEST
    )


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
