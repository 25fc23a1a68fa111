"""The model card of an exported folder: what the run measured, and what nobody measured."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from headstart.cache.runtime.text import printable
from headstart.train.predict.trained_head import Trained
from headstart.train.report.html.recommendation import recommend
from headstart.train.statistics.findings import Estimate

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


def card(head: Trained, title: str, packages: Sequence[str], program: Program) -> str:
    """The card as Markdown.

    Args:
        head: What is exported.
        title: The head's short name, as in the report.
        packages: What the loader was tried with, such as `jax 0.10.2`.
        program: The exported program.
    """
    parts = (
        _what(head, title),
        _figures(head, title),
        _use(head, packages),
        _arithmetic(head, program),
        _limits(head),
    )
    return "\n\n".join(parts) + "\n"


def _what(head: Trained, title: str) -> str:
    source, task = head.run.cache.source, head.task
    names = ", ".join(f"`{_plain(name)}`" for name in task.classes[:50])
    more = f" and {len(task.classes) - 50:,} more" if len(task.classes) > 50 else ""
    return (
        f"# {_plain(source.get('data'))}: {head.name} on {_plain(head.backbone)}\n\n"
        f"A frozen text encoder with a small trained head: {title}. Task: {task.kind}; classes: {names}{more}."
        f" Trained on `{_plain(source.get('data'))}`, text column `{_plain(source.get('text_column'))}`, label column "
        f"`{_plain(source.get('label_column'))}`: {_rows(head)} rows."
    )


def _rows(head: Trained) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in head.run.rows.items())


def _figures(head: Trained, title: str) -> str:
    every = head.run.statistics.metrics
    metrics = every[head.name]
    lines = [
        _line(name, metrics[name]) for name in SHOWN if name in metrics and metrics[name].mean is not None
    ]
    seeds = len({row.seed for row in head.run.results if row.head == head.name})
    baselines = ", ".join(
        f"{name} {every[name]['accuracy'].mean:.4f}"
        for name in head.run.baselines
        if every[name]["accuracy"].mean is not None
    )
    says = recommend(head.run, {head.name: title}).sentence
    return (
        "## Measured on the test rows\n\n"
        f"Mean over {seeds} seed{'s' * (seeds > 1)}, with the 95 % interval over test rows; the weights here are "
        f"those of seed {head.seed}.\n\n| metric | value | 95 % interval |\n|---|---|---|\n"
        + "\n".join(lines)
        + f"\n\nFor comparison, accuracy of the baselines: {baselines}. Of many heads the best one's figures flatter "
        f"a little; `--head best` is the one with the lowest loss on the validation rows.\n\n"
        f"What the run recommends: {says}"
    )


def _line(name: str, estimate: Estimate) -> str:
    interval = f"{estimate.low:.4f} to {estimate.high:.4f}" if estimate.known else ""
    return f"| {name} | {estimate.mean:.4f} | {interval} |"


def _use(head: Trained, packages: Sequence[str]) -> str:
    return (
        "## Use\n\n"
        '```\npip install -r requirements.txt\npython load.py "some text"\n```\n\n'
        f"or `from load import probabilities`, which takes a list of texts; written with {', '.join(packages)}.\n\n"
        f"{_cleaning(head)}\n\n"
        "`model.stablehlo` needs jax and flatbuffers alone. It takes the tokens of cleaned texts:\n\n"
        "```python\nfrom jax import export\nprogram = export.deserialize(open('model.stablehlo', 'rb').read())\n"
        f"logits, probabilities = program.call(ids, mask)  # both int32, {_shape(head)}\n```\n\n"
        + _thresholds(head)
    )


def _cleaning(head: Trained) -> str:
    if not head.recipe.cleaning_versions:
        return "`load.py` takes texts as they are; so were those of the training."
    return (
        f"`load.py` cleans texts as those of the training were: clean-text's `clean` with `{head.recipe.cleaning}` "
        f"({head.recipe.cleaning_versions}); other releases give other texts, and are refused. Clean-text can take "
        "minutes for a single text of tens of thousands of letters without a blank."
    )


def _shape(head: Trained) -> str:
    most = head.recipe.max_length
    if head.recipe.layout == "padded":
        return f"[rows, {most}]: padding counts"
    return f"[rows, tokens], tokens at most {most}"


def _thresholds(head: Trained) -> str:
    if head.task.link == "softmax":
        return "The label is the most probable class."
    thresholds, used = json.dumps(head.thresholds), "these" if head.task.several else "0.5"
    return f"Thresholds with the highest F1 on the validation rows: {thresholds}; `predict.py` uses {used}."


def _arithmetic(head: Trained, program: Program) -> str:
    recipe = head.recipe
    now = "float32 throughout" if program.exact else "the recipe's own numbers, too"
    return (
        "## Arithmetic\n\n"
        f"The head learnt from features computed in {recipe.compute_dtype} (`{recipe.forward}`), stored as "
        f"{recipe.storage_dtype}. `load.py` computes in float32, `model.stablehlo` in {now}. On {program.texts} "
        f"texts the program's probabilities were at most {program.difference:.1e} from those of `predict.py`; where "
        "the recipe is not float32, they differ by what its rounding does, which also depends on the rows of a batch."
    )


def _limits(head: Trained) -> str:
    return (
        "## Limits\n\n"
        f"- Texts longer than {head.recipe.max_length} tokens are cut.\n"
        "- The figures hold for rows like the test rows. Nothing was measured on other sources, languages, or groups "
        "of people; classifiers of this kind often mistake mentions of a group for insults.\n"
        "- Probabilities are as well calibrated as `ece` says.\n"
        f"- Licence: the backbone `{_plain(head.backbone)}` and the data "
        f"`{_plain(head.run.cache.source.get('data'))}` have licences of their own, which nothing here changes. Look "
        "them up before you pass this folder on; the weights of the head are derived from both.\n"
        f"- Key of the features: `{head.recipe.key}`; all inputs are in recipe.json."
    )


def _plain(value: Any) -> str:
    """A name from data, which must not end a line or a code span, nor move a cursor."""
    return printable(" ".join(str(value).split())).replace("`", "'").replace("|", "/").replace("<", "(")[:200]
