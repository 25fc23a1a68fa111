"""What each token adds to each logit, as coloured text or as a page."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Int

from headstart.cache.runtime.text import printable
from headstart.cache.task import Task
from headstart.train.predict.answers import chosen, labels_of
from headstart.train.predict.delimited import joined
from headstart.train.report.html.markup import fill

FAINT = 0.01
"""Contributions below it have no colour."""


class LabelledText(NamedTuple):
    """A text and the answer to it.

    Attributes:
        text: As the user gave it.
        label: Names of its classes, joined.
        probabilities: Probability of each class.
    """

    text: str
    label: str
    probabilities: dict[str, float]

    def __str__(self) -> str:
        listed = "  ".join(f"{name} {value:.4f}" for name, value in self.probabilities.items())
        return f"{self.label or '(none)'}  [{listed}]  {' '.join(self.text.split())[:200]}"


class Explained(NamedTuple):
    """An answer and what each token adds; the bias and the tokens' parts of an output add up to its logit.

    Attributes:
        labelled: The text and its answer.
        outputs: Names of the classes that have a logit.
        logits: `[k]`.
        bias: `[k]`.
        words: The text's tokens.
        added: What each token adds to each logit, `[t, k]`.
        won: Features of the maximum that are each token's; None where the head reads no maximum.
    """

    labelled: LabelledText
    outputs: tuple[str, ...]
    logits: Float32[np.ndarray, " k"]
    bias: Float32[np.ndarray, " k"]
    words: list[str]
    added: Float32[np.ndarray, "t k"]
    won: Int[np.ndarray, " t"] | None

    @property
    def captions(self) -> list[str]:
        """How much of the maximum each token has, if the head reads it."""
        if self.won is None:
            return [""] * len(self.words)
        return [f", largest in {count:,} of {self.won.sum():,} features" for count in self.won]

    @property
    def by_output(self) -> list[tuple[str, np.float32, np.float32, list[float]]]:
        """Name of each output, its logit, its bias, and what each token adds to it."""
        return list(zip(self.outputs, self.logits, self.bias, self.added.T.tolist(), strict=True))


def label_texts(
    task: Task, texts: Sequence[str], probabilities: Float[np.ndarray, "b c"], threshold: float | list[float]
) -> list[LabelledText]:
    """Each text with its answer.

    Args:
        task: What is told apart.
        texts: As the user gave them.
        probabilities: Those of a `train.predict.answers.Answer`.
        threshold: Threshold of class 1, or of each label.
    """
    labels = labels_of(task, chosen(task, probabilities, threshold))
    classes = task.classes if task.several else ()
    return [
        LabelledText(text, joined(label, classes), dict(zip(task.classes, row.tolist(), strict=True)))
        for text, label, row in zip(texts, labels, probabilities, strict=True)
    ]


def as_lines(text: Explained, colour: bool) -> str:
    """A line for each output, fit for a terminal: red adds to the logit, blue takes away."""
    return "\n".join(
        f"  {printable(name)}: {logit:+.3f} = {bias:+.3f} bias  "
        + " ".join(_coloured(printable(w), v, colour) for w, v in zip(text.words, values, strict=True))
        for name, logit, bias, values in text.by_output
    )


def as_page(title: str, texts: list[Explained]) -> str:
    """A page that needs nothing but itself; whatever comes from data is escaped."""
    return fill("predict/explain", title=title, texts=texts, faint=FAINT)


def _coloured(word: str, value: float, colour: bool) -> str:
    if not colour or abs(value) < FAINT:
        return f"{word}({value:+.2f})"
    return f"\033[{31 if value > 0 else 34}m{word}({value:+.2f})\033[0m"
