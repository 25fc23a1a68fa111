"""Runs side by side for a terminal of 80 columns."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from headstart.cache.runtime.errors import UserError
from headstart.train.report.terminal import WIDTH, wrapped
from headstart.train.results.folder import RunFolder
from headstart.train.statistics.compare import RunAnswers, compare_runs
from headstart.train.statistics.findings import Comparison, HeadChange, RunPair


def side_by_side(folders: Sequence[RunFolder]) -> Comparison:
    """Compare runs on their test rows.

    Raises:
        UserError: a folder holds no run, or the runs cannot be compared.
    """
    return compare_answers([answers(folder) for folder in folders])


def readable(folders: Sequence[RunFolder]) -> tuple[list[RunAnswers], list[UserError]]:
    """The answers of the runs that can be read, and what is wrong with the others."""
    read, errors = [], []
    for folder in folders:
        try:
            read.append(answers(folder))
        except UserError as error:
            errors.append(error)
    return read, errors


def compare_answers(runs: Sequence[RunAnswers]) -> Comparison:
    """Compare runs on their test rows.

    Raises:
        UserError: they cannot be compared.
    """
    try:
        return compare_runs(runs)
    except ValueError as error:
        raise UserError(str(error)) from None


def answers(folder: RunFolder) -> RunAnswers:
    """A run's answers to its test rows.

    Raises:
        UserError: the folder holds no run, or a damaged one.
    """
    record = folder.record()
    arrays = folder.predictions("test", record)
    labels, rows = arrays.pop("labels"), arrays.pop("rows")
    return RunAnswers(record.cache.name, record.task, labels, rows, stack_seeds(arrays))


def stack_seeds(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Logits `[s, n, outputs]` of each head, from those of each `<head>/<seed>`."""
    heads: dict[str, list[np.ndarray]] = {}
    for name, logits in arrays.items():
        heads.setdefault(name.rpartition("/")[0], []).append(logits)
    return {head: np.stack(seeds) for head, seeds in heads.items()}


_HEADER = "head                  A       B     B - A     95 % interval     p Holm  differs"


def compare_lines(comparison: Comparison) -> str:
    """Text of a comparison, a table for each two runs."""
    tables = ["\n".join(_table(pair)) for pair in comparison.pairs]
    exact = comparison.compared != "accuracy"
    metric = "exact-match accuracy (every label right)" if exact else "accuracy"
    tests = comparison.comparisons
    note = (
        f"Test {metric}, mean over seeds. A difference holds where the p value is at most 0.05 after Holm's correction "
        f"over all {tests} comparison{'' if tests == 1 else 's'} above: McNemar's exact test where rows are paired, "
        "Fisher's where not; with several seeds of their mean probability, and then Welch's test over rows and seeds "
        "must agree."
    )
    return "\n\n".join([*tables, wrapped(note)])


def _table(pair: RunPair) -> Iterator[str]:
    yield from (_named("A", pair.a), _named("B", pair.b), wrapped(pair.statement))
    if pair.heads:
        yield _HEADER
    yield from map(_line, pair.heads)
    yield from _missing(pair)
    yield wrapped(_verdict(pair))


def _missing(pair: RunPair) -> Iterator[str]:
    """Heads that cannot be compared, and why."""
    reasons = {
        "only in A": pair.only_in_a,
        "only in B": pair.only_in_b,
        "diverged in A": pair.diverged_in_a,
        "diverged in B": pair.diverged_in_b,
    }
    yield from (wrapped(f"{reason}: {', '.join(heads)}") for reason, heads in reasons.items() if heads)


def _named(letter: str, name: str) -> str:
    return textwrap.fill(f"{letter}: {name}", WIDTH, subsequent_indent="   ")


def _line(row: HeadChange) -> str:
    ends = f"{row.low:+z.3f} to {row.high:+z.3f}"
    holds = "yes" if row.differs else "no"
    return f"{row.head:<15}{row.a:>8.4f}{row.b:>8.4f}{row.change:>+z10.4f}{ends:>18}{row.p_holm:>11.2g}{holds:>9}"


def _verdict(pair: RunPair) -> str:
    """Which heads gain and lose, in words."""
    if not pair.heads:
        return "There is no head to compare."
    gains = [row.head for row in pair.heads if row.differs and row.change > 0]
    losses = [row.head for row in pair.heads if row.differs and row.change < 0]
    parts = [
        f"{run} is better for {', '.join(heads)}" for run, heads in (("B", gains), ("A", losses)) if heads
    ]
    return "; ".join(parts) + "." if parts else "No head differs between A and B by more than chance."
