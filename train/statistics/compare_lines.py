"""Runs side by side for a terminal of 80 columns."""

import textwrap
from collections.abc import Iterator
from typing import Any

from train.statistics.lines import WIDTH, wrapped

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
