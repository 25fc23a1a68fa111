"""The most confident mistakes of the best head: often the labels are wrong, or the task is."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from headstart.cache.task import Task
from headstart.train.metrics.probabilities import decisions, probabilities
from headstart.train.report.html.markup import folded, paragraph, section, text

MOST, LONGEST = 20, 600


class Mistake(NamedTuple):
    """A row that was decided wrongly: its place, the probability given to the wrong answer, and both answers."""

    place: int
    confidence: float
    said: str
    truth: str


def mistakes(
    run: Mapping[str, Any], arrays: Mapping[str, np.ndarray], texts: Sequence[str], best: str | None
) -> str:
    """A folded list, with a warning.

    Args:
        run: what `results.json` holds.
        arrays: answers to the test rows, see `train.results.folder`.
        texts: the cleaned test texts.
        best: the head.
    """
    logits = [own for name, own in arrays.items() if name.rpartition("/")[0] == best]
    if not logits or any(np.isnan(own).any() for own in logits):
        return ""
    task = Task.from_json(run["task"])
    shares = np.mean([probabilities(task, own) for own in logits], axis=0)
    found = confident_mistakes(task, shares, arrays["labels"])
    if not found:
        return section(
            "mistakes", "Most confident mistakes", paragraph(f"{best} makes no mistake on the test rows.")
        )
    items = "".join(_item(own, arrays["rows"], texts) for own in found)
    warning = paragraph("Warning: these are texts from your data. They may be offensive.", "warning")
    summary = f"Show the {len(found)} most confident mistakes of {best}. The texts may be offensive"
    why = "Cleaned, as the encoder saw them. Confident mistakes often show labels that are wrong."
    return section(
        "mistakes", "Most confident mistakes", paragraph(why), folded(summary, f"{warning}<ol>{items}</ol>")
    )


def confident_mistakes(task: Task, shares: np.ndarray, labels: np.ndarray) -> list[Mistake]:
    """The rows that were decided wrongly with the highest probability, highest first.

    A row of several labels counts by the label that is most confidently wrong.
    """
    said = decisions(task, shares)
    if task.kind == "multiclass":
        sure, wrong, names = shares.max(axis=1)[:, None], (said != labels)[:, None], task.classes
    else:
        said, truth = said.reshape(shares.shape), labels.reshape(shares.shape)
        sure, wrong = np.where(said == 1, shares, 1 - shares), said != truth
    confidence = np.where(wrong, sure, -1.0)
    found = []
    for place in np.argsort(-confidence.max(axis=1), kind="stable")[:MOST]:
        at = int(confidence[place].argmax())
        if confidence[place, at] < 0:
            break
        if task.kind == "multiclass":
            answers = names[int(said[place])], names[int(labels[place])]
        elif task.kind == "binary":
            answers = task.classes[int(said[place, 0])], task.classes[int(truth[place, 0])]
        else:
            own = task.classes[at]
            answers = (own, f"not {own}") if said[place, at] else (f"not {own}", own)
        found.append(Mistake(int(place), float(confidence[place, at]), *answers))
    return found


def _item(own: Mistake, rows: np.ndarray, texts: Sequence[str]) -> str:
    words = texts[own.place]
    shown = words if len(words) <= LONGEST else words[:LONGEST] + " …"
    about = f"row {int(rows[own.place]) + 1:,}: says {own.said} ({own.confidence:.1%}), label {own.truth}"
    return f"<li><p><small>{text(about)}</small></p><blockquote><bdi>{text(shown)}</bdi></blockquote></li>"
