"""Runs side by side for a terminal of 80 columns."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from headstart.cache.runtime.errors import UserError
from headstart.cache.task import Task
from headstart.train.report.terminal import WIDTH, wrapped
from headstart.train.results.folder import RunFolder
from headstart.train.statistics.alignment import Run
from headstart.train.statistics.compare import compare_runs


def side_by_side(folders: Sequence[RunFolder]) -> tuple[dict[str, Any], str]:
    """Compare runs on their test rows.

    Returns:
        What `train.statistics.compare.compare_runs` returns, and its text for a terminal.

    Raises:
        UserError: a folder holds no run, or the runs cannot be compared.
    """
    try:
        found = compare_runs([_run(folder) for folder in folders])
    except ValueError as error:
        raise UserError(str(error)) from None
    return found, compare_lines(found)


def _run(folder: RunFolder) -> Run:
    about, arrays = folder.results(), folder.predictions("test")
    task = Task.from_json(about["task"])
    return Run(about["cache"]["name"], task, arrays.pop("labels"), arrays.pop("rows"), by_head(arrays))


def by_head(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Logits `[s, n, outputs]` of each head, from those of each `<head>/<seed>`."""
    heads = dict.fromkeys(name.rpartition("/")[0] for name in arrays)
    return {
        head: np.stack([own for name, own in arrays.items() if name.rpartition("/")[0] == head])
        for head in heads
    }


_HEADER = "head                  A       B     B - A     95 % interval     p Holm  differs"


def compare_lines(comparison: dict[str, Any]) -> str:
    """What `compare_runs` returns as text, a table for each two runs."""
    tables = ["\n".join(_table(pair)) for pair in comparison["pairs"]]
    metric = (
        "exact-match accuracy (every label right)" if comparison["compared"] != "accuracy" else "accuracy"
    )
    tests = comparison["comparisons"]
    note = (
        f"Test {metric}, mean over seeds. A difference holds where the p value is at most 0.05 after Holm's correction "
        f"over all {tests} comparison{'' if tests == 1 else 's'} above: McNemar's exact test where rows are paired, "
        "Fisher's where not; with several seeds of their mean probability, and then Welch's test over rows and seeds "
        "must agree."
    )
    return "\n\n".join([*tables, wrapped(note)])


def _table(pair: dict[str, Any]) -> Iterator[str]:
    yield from (_named("A", pair["a"]), _named("B", pair["b"]), wrapped(pair["statement"]))
    if pair["heads"]:
        yield _HEADER
    yield from map(_line, pair["heads"])
    yield from _missing(pair)
    yield wrapped(_verdict(pair))


def _missing(pair: dict[str, Any]) -> Iterator[str]:
    """Heads that cannot be compared, and why."""
    reasons = {
        "only_in_a": "only in A",
        "only_in_b": "only in B",
        "diverged_in_a": "diverged in A",
        "diverged_in_b": "diverged in B",
    }
    yield from (wrapped(f"{reason}: {', '.join(pair[key])}") for key, reason in reasons.items() if pair[key])


def _named(letter: str, name: str) -> str:
    return textwrap.fill(f"{letter}: {name}", WIDTH, subsequent_indent="   ")


def _line(row: dict[str, Any]) -> str:
    ends = f"{row['low']:+.3f} to {row['high']:+.3f}"
    holds = "yes" if row["differs"] else "no"
    return (
        f"{row['head']:<15}{row['a']:>8.4f}{row['b']:>8.4f}{row['change']:>+10.4f}{ends:>18}"
        f"{row['p_holm']:>11.2g}{holds:>9}"
    )


def _verdict(pair: dict[str, Any]) -> str:
    """Which heads gain and lose, in words."""
    if not pair["heads"]:
        return "There is no head to compare."
    gains = [row["head"] for row in pair["heads"] if row["differs"] and row["change"] > 0]
    losses = [row["head"] for row in pair["heads"] if row["differs"] and row["change"] < 0]
    parts = [f"B is better for {', '.join(gains)}"] * bool(gains) + [
        f"A is better for {', '.join(losses)}"
    ] * bool(losses)
    return "; ".join(parts) + "." if parts else "No head differs between A and B by more than chance."
