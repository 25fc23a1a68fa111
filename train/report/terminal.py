"""The comparison of heads for a terminal of 80 columns."""

import textwrap
from collections.abc import Sequence
from typing import Any

from headstart.train.results.result import Result, by_head

WIDTH = 79
LETTERS = 6  # as many fit; nobody reads more
_ONE_SEED = (
    f"{'head':<14}{'params':>9}{'epochs':>7}{'test loss':>10}{'test acc':>9}{'95 % interval':>15}{'group':>7}"
)
_SEEDS = (
    f"{'head':<14}{'params':>9}{'epochs':>7}{'loss':>7}{'acc':>7}{'sd':>6}{'95 % interval':>14}{'group':>7}"
)


def lines(results: Sequence[Result], summary: dict[str, Any]) -> str:
    """Table of the heads, what it says in words, and how to read it.

    Args:
        results: a row for each head and seed, floors among them; parameters, epochs and seconds are theirs.
        summary: what `summarise` returns for the same heads; all else is its.
    """
    rows = by_head(results)
    several = max(row.seed for row in rows) > 1
    header = f"{_SEEDS if several else _ONE_SEED}{'seconds':>8}"
    table = [_line(row, summary, several) for row in rows]
    words = ["", *map(wrapped, summary["verdict"]), "", wrapped(_legend(summary, several))]
    return "\n".join([header, *table, *words, *map(wrapped, summary["notes"])])


def wrapped(text: str) -> str:
    """Text in lines of the terminal's width."""
    return textwrap.fill(text, WIDTH, break_on_hyphens=False)


def _line(row: Result, summary: dict[str, Any], several: bool) -> str:
    own = summary["metrics"][row.head]
    judged = own[summary["compared"]]
    name = f"{row.head}*" if row.head in summary["floors"] else row.head
    start = f"{name:<14}{row.params:>9,}{row.epochs:>7.3g}"
    loss, accuracy = _number(own["loss"]["mean"], 4), _number(judged["mean"], 4)
    values = f"{loss:>7}{accuracy:>7}{_number(judged['sd'], 3):>6}" if several else f"{loss:>10}{accuracy:>9}"
    ends = "-" if judged["low"] is None else f"{judged['low']:.3f}-{judged['high']:.3f}"
    group = f"{_letters(summary['groups'][row.head]):>7}"
    return f"{start}{values}{ends:>{14 if several else 15}}{group}{row.train_seconds:>8.1f}"


def _number(value: float | None, digits: int) -> str:
    if value is None:
        return "-"
    return f"{value:.{digits}f}" if value < 10 else f"{value:.4g}"


def _letters(group: str) -> str:
    return group if len(group) <= LETTERS else f"{group[: LETTERS - 1]}+"


def _legend(summary: dict[str, Any], several: bool) -> str:
    exact = "; acc: exact match, every label right" if summary["compared"] == "subset_accuracy" else ""
    means = (
        f"loss, acc, sd: test rows, mean and standard deviation over seeds{exact}" if several else exact[2:]
    )
    lost = [f"{name} seed {', '.join(map(str, seeds))}" for name, seeds in summary["diverged"].items()]
    parts = [
        "* floor" if summary["floors"] else "",
        means,
        f"diverged and left out: {'; '.join(lost)}" if lost else "",
    ]
    return "; ".join(part for part in parts if part)
