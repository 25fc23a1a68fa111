"""What each token adds to each logit, as coloured text or as a page."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float32, Int

from headstart.cache.task import Task
from headstart.train.predict.answers import SEPARATOR, labels_of
from headstart.train.report.html.markup import text as escaped

STYLE = "\n" + Path(__file__).with_name("explain.css").read_text("utf-8")
FAINT = 0.01
"""Contributions below it have no colour."""


class Said(NamedTuple):
    """The answer to a text.

    Attributes:
        text: as given.
        label: names of its classes, joined.
        shares: probability of each class.
    """

    text: str
    label: str
    shares: dict[str, float]

    def __str__(self) -> str:
        listed = "  ".join(f"{name} {share:.4f}" for name, share in self.shares.items())
        return f"{self.label or '(none)'}  [{listed}]  {' '.join(self.text.split())[:200]}"


class Explained(NamedTuple):
    """An answer and the share of each token; the bias and the shares of an output add up to its logit.

    Attributes:
        said: the answer.
        outputs: names of the classes that have a logit.
        logits: `[k]`.
        bias: `[k]`.
        words: the text's tokens.
        added: by each token to each logit, `[t, k]`.
        won: features of the maximum that are each token's; None where the head reads no maximum.
    """

    said: Said
    outputs: tuple[str, ...]
    logits: Float32[np.ndarray, " k"]
    bias: Float32[np.ndarray, " k"]
    words: list[str]
    added: Float32[np.ndarray, "t k"]
    won: Int[np.ndarray, " t"] | None

    @property
    def captions(self) -> list[str]:
        """For each token how much of the maximum it has, if the head reads it."""
        if self.won is None:
            return [""] * len(self.words)
        return [f", largest in {count:,} of {self.won.sum():,} features" for count in self.won]


def said_of(
    task: Task, texts: Sequence[str], shares: Float[np.ndarray, "b c"], picked: Bool[np.ndarray, "b c"]
) -> list[Said]:
    """The answer to each text.

    Args:
        task: what is told apart.
        texts: as given.
        shares: see `train.predict.answers.Answer`.
        picked: see `train.predict.answers.chosen`.
    """
    return [
        Said(text, SEPARATOR.join(label), dict(zip(task.classes, own.tolist(), strict=True)))
        for text, label, own in zip(texts, labels_of(task, picked), shares, strict=True)
    ]


def as_lines(own: Explained, colour: bool) -> str:
    """A line for each output: red adds to the logit, blue takes away."""
    return "\n".join(
        f"  {name}: {logit:+.3f} = {bias:+.3f} bias  "
        + " ".join(_coloured(w, v, colour) for w, v in zip(own.words, values.tolist(), strict=True))
        for name, logit, bias, values in zip(own.outputs, own.logits, own.bias, own.added.T, strict=True)
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


def _card(own: Explained) -> str:
    shares = ", ".join(f"{name} {share:.4f}" for name, share in own.said.shares.items())
    outputs = "".join(_output(own, number) for number in range(len(own.outputs)))
    return (
        f"<article><h2>{escaped(own.said.label or '(none)')}</h2><p>{escaped(shares)}</p>"
        f"<blockquote>{escaped(own.said.text)}</blockquote>{outputs}</article>"
    )


def _output(own: Explained, number: int) -> str:
    values = own.added[:, number]
    largest = max(float(np.abs(values).max(initial=0)), FAINT)
    tokens = " ".join(
        _token(word, float(value), float(value) / largest, caption)
        for word, value, caption in zip(own.words, values, own.captions, strict=True)
    )
    logit, bias = own.logits[number], own.bias[number]
    return (
        f"<h3>{escaped(own.outputs[number])}: logit {logit:+.4f} = bias {bias:+.4f} + tokens {values.sum():+.4f}</h3>"
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
