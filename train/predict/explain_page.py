"""What each token adds to each logit, as coloured text or as a page."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Int

from headstart.cache.runtime.text import printable
from headstart.cache.task import Task
from headstart.train.predict.answers import chosen, labels_of
from headstart.train.predict.delimited import joined
from headstart.train.report.html.markup import text as escaped

STYLE = "\n" + Path(__file__).with_name("explain.css").read_text("utf-8")
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
        + " ".join(
            _coloured(printable(w), v, colour) for w, v in zip(text.words, values.tolist(), strict=True)
        )
        for name, logit, bias, values in zip(text.outputs, text.logits, text.bias, text.added.T, strict=True)
    )


def as_page(title: str, texts: list[Explained]) -> str:
    """A page that needs nothing but itself; whatever comes from data is escaped."""
    cards = "".join(map(_card, texts))
    note = (
        "Red adds to the logit, blue takes away; with the bias the tokens add up to it exactly. "
        "Point at a token for its number."
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escaped(title)}</title><style>{STYLE}</style></head><body><main><h1>{escaped(title)}</h1>"
        f"<p>{note}</p>{cards}</main></body></html>\n"
    )


def _card(text: Explained) -> str:
    listed = ", ".join(f"{name} {value:.4f}" for name, value in text.labelled.probabilities.items())
    outputs = "".join(_output(text, number) for number in range(len(text.outputs)))
    return (
        f"<article><h2>{escaped(text.labelled.label or '(none)')}</h2><p>{escaped(listed)}</p>"
        f"<blockquote>{escaped(text.labelled.text)}</blockquote>{outputs}</article>"
    )


def _output(text: Explained, number: int) -> str:
    values = text.added[:, number]
    largest = max(float(np.abs(values).max(initial=0)), FAINT)
    tokens = " ".join(
        _token(word, float(value), float(value) / largest, caption)
        for word, value, caption in zip(text.words, values, text.captions, strict=True)
    )
    logit, bias = text.logits[number], text.bias[number]
    return (
        f"<h3>{escaped(text.outputs[number])}: logit {logit:+.4f} = bias {bias:+.4f} + tokens {values.sum():+.4f}</h3>"
        f'<p class="tokens">{tokens}</p>'
    )


def _token(word: str, value: float, strength: float, caption: str) -> str:
    kind = "adds" if value > 0 else "takes"
    return (
        f'<span class="{kind}" style="--much:{abs(strength):.3f}" title="{value:+.4f}{escaped(caption)}">'
        f"{escaped(word)}</span>"
    )


def _coloured(word: str, value: float, colour: bool) -> str:
    if not colour or abs(value) < FAINT:
        return f"{word}({value:+.2f})"
    return f"\033[{31 if value > 0 else 34}m{word}({value:+.2f})\033[0m"
