"""The model card of an exported folder: what the run measured, and what nobody measured."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from headstart.cache.runtime.text import printable
from headstart.train.predict.trained_head import Trained
from headstart.train.report.html.recommendation import recommend

SHOWN = ("accuracy", "loss", "f1", "macro_f1", "balanced_accuracy", "roc_auc", "average_precision",
    "brier", "ece")  # fmt: skip


class Program(NamedTuple):
    """The exported program.

    Attributes:
        exact: Whether it computes in float32 whatever the recipe.
        texts: Number of texts that it was tried on.
        difference: How far its probabilities were from those of `predict.py`, at most.
    """

    exact: bool
    texts: int
    difference: float


def card(head: Trained, title: str, packages: Sequence[str], program: Program, metadata: Any) -> str:
    """The card as Markdown, with the hub's metadata before it.

    Args:
        head: What is exported.
        title: The head's short name, as in the report.
        packages: What the loader was tried with, such as `jax 0.10.2`.
        program: The exported program.
        metadata: In the hub's terms, see `train.export.hub`.
    """
    from huggingface_hub import ModelCard

    run, source, metrics = head.run, head.run.cache.source, head.run.statistics.metrics
    accuracies = {name: metrics[name]["accuracy"].mean for name in run.baselines}
    filled = ModelCard.from_template(
        metadata,
        str(Path(__file__).with_name("model_card.jinja")),
        plain=_plain,
        head=head,
        recipe=head.recipe,
        source=source,
        data=source.get("data"),
        title=title,
        packages=", ".join(packages),
        program=program,
        seeds=len({row.seed for row in run.results if row.head == head.name}),
        measured={
            name: one for name in SHOWN if (one := metrics[head.name].get(name)) and one.mean is not None
        },
        baselines=", ".join(f"{name} {mean:.4f}" for name, mean in accuracies.items() if mean is not None),
        recommended=recommend(run, {head.name: title}).sentence,
        thresholds=json.dumps(head.thresholds),
    )
    return f"{filled.content}\n"


def _plain(value: Any) -> str:
    """A name from data, which must not end a line or a code span, nor move a cursor."""
    return printable(" ".join(str(value).split())).replace("`", "'").replace("|", "/").replace("<", "(")[:200]
