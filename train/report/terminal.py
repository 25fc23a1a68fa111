"""The comparison of heads for a terminal of 80 columns, and how far it is for a person who waits."""

import math
import textwrap
from collections.abc import Mapping, Sequence

from headstart.cache.runtime.progress import TerminalReporter
from headstart.train.engine.history import HeadSeed, TrainingProgress
from headstart.train.report.loggers import RunReporter
from headstart.train.report.time_left import time_left
from headstart.train.results.result import FoldSpread, Result, mean_by_head
from headstart.train.statistics.findings import Summary

WIDTH = 79
LETTERS = 6  # as many fit; nobody reads more
_BOTH = f"{'head':<14}{'params':>9}{'epochs':>7}{'loss':>7}{'acc':>7}"
_ONE_SEED = f"{_BOTH}{'95 % interval':>14}{'F1':>7}{'group':>7}{'secs':>7}"
_SEEDS = f"{_BOTH}{'sd':>6}{'95 % interval':>14}{'F1':>7}{'group':>7}"
"""Heads and seeds are trained together: the seconds of all are nobody's alone."""


class TerminalRun(TerminalReporter, RunReporter):
    """Writes for a person, not for a program that reads the table: on standard error.

    Args:
        epochs: Most epochs.
    """

    def __init__(self, epochs: int) -> None:
        super().__init__(apart=True)
        self._epochs = epochs

    def epoch(self, fold: int | None, progress: TrainingProgress, active: Sequence[HeadSeed]) -> None:
        """Show how far it is: in a log at a few epochs, of the first fold."""
        done = len(progress.seconds)
        if self.terminal or (fold in (None, 1) and is_logged(done, self._epochs)):
            self.show(epoch_line(self._epochs, progress, active))


def is_logged(epoch: int, epochs: int) -> bool:
    """Whether a log has a line about an epoch: of 1, 2, 5, 10, 20, 50, ..., and the last one."""
    return epoch == epochs or f"{epoch}".rstrip("0") in ("1", "2", "5")


def epoch_line(epochs: int, progress: TrainingProgress, active: Sequence[HeadSeed]) -> str:
    """How far a training of at most so many epochs is, from its progress and who took part in the last one."""
    losses = [(r.valid_loss, key.head) for key, records in progress.histories.items() for r in records]
    finite = [(loss, name) for loss, name in losses if math.isfinite(loss)]
    lowest = "{:z.4f} ({})".format(*min(finite)) if finite else "not defined (all diverge)"
    left = time_left(epochs, progress, active)
    seconds = f"{left.usual:,.0f} s left, at most {left.most:,.0f}  " if left.most else ""
    return f"epoch {len(progress.seconds):>2}  {len(active)} in training  {seconds}lowest valid loss {lowest}"


def table(
    results: Sequence[Result],
    summary: Summary,
    folds: Mapping[str, Mapping[str, FoldSpread]] | None = None,
    advice: str = "",
) -> str:
    """Table of the heads, what it says in words, and how to read it.

    Args:
        results: A row for each head and seed, baselines among them; parameters, epochs and seconds are theirs.
        summary: What the test rows say of the same heads; all else is its.
        folds: How measures spread over folds, for a second table.
        advice: Which head to take.
    """
    rows = mean_by_head(results)
    several = max(row.seed for row in rows) > 1
    header = _SEEDS if several else _ONE_SEED
    lines = [_line(row, summary, several) for row in rows]
    words = [
        "",
        *map(wrapped, filter(None, [advice, *summary.verdict])),
        "",
        wrapped(_legend(summary, several)),
    ]
    below = ["", _fold_table(folds, summary.task.several)] if folds else []
    return "\n".join([header, *lines, *words, *map(wrapped, summary.notes), *below])


def wrapped(text: str) -> str:
    """Text in lines of the terminal's width."""
    return textwrap.fill(text, WIDTH, break_on_hyphens=False)


def _line(row: Result, summary: Summary, several: bool) -> str:
    metrics = summary.metrics[row.head]
    judged = metrics[summary.compared]
    name = f"{row.head}*" if row.head in summary.baselines else row.head
    start = f"{name:<14}{row.params:>9,}{row.epochs:>7.3g}"
    loss, accuracy = _number(metrics["loss"].mean, 4), _number(judged.mean, 4)
    values = f"{loss:>7}{accuracy:>7}{f'{_number(judged.sd, 3):>6}' * several}"
    ends = "-" if judged.low is None else f"{judged.low:.3f}-{judged.high:.3f}"
    f1 = _number(metrics["macro_f1"].mean, 4)
    seconds = "" if several else f"{row.train_seconds:>7.1f}"
    return f"{start}{values}{ends:>14}{f1:>7}{_letters(summary.groups[row.head]):>7}{seconds}"


def _number(value: float | None, digits: int) -> str:
    if value is None or not math.isfinite(value):
        return "-"
    return f"{value:z.{digits}f}" if value < 10 else f"{value:.4g}"


def _letters(group: str) -> str:
    return group if len(group) <= LETTERS else f"{group[: LETTERS - 1]}+"


def _legend(summary: Summary, several: bool) -> str:
    exact = "; acc: exact match, every label right" if summary.compared == "subset_accuracy" else ""
    means = (
        f"loss, acc, sd: test rows, mean and standard deviation over seeds{exact}" if several else exact[2:]
    )
    thresholds = ", at thresholds chosen on validation rows" if summary.task.several else ""
    infinite = [
        name
        for name, metrics in summary.metrics.items()
        if metrics["loss"].mean is None and metrics[summary.compared].mean is not None
    ]
    lost = [f"{name} seed {', '.join(map(str, seeds))}" for name, seeds in summary.diverged.items()]
    parts = [
        "* baseline" if summary.baselines else "",
        means,
        f"F1: macro-F1{thresholds}",
        f"diverged and left out: {'; '.join(lost)}" if lost else "",
        f"loss not defined (a row's is infinite): {', '.join(infinite)}" if infinite else "",
    ]
    return "; ".join(part for part in parts if part)


def _fold_table(spread: Mapping[str, Mapping[str, FoldSpread]], several: bool) -> str:
    """Test accuracy over folds; where rows have several labels, of single labels."""
    count = len(next(iter(spread.values()))["test_accuracy"].folds)
    accuracy = "label acc" if several else "test acc"
    header = f"{'head':<14}{accuracy:>9}{'sd':>7}{'lowest':>8}{'highest':>8}{'test loss':>10}{'sd':>7}"
    lines = [_fold_line(name, measures) for name, measures in spread.items()]
    undefined = ["- not defined: the head diverged in a fold, or a row's loss is infinite"]
    left_out = any(not math.isfinite(measures["test_loss"].mean) for measures in spread.values())
    return "\n".join([f"Over {count} folds:", header, *lines, *(undefined * left_out)])


def _fold_line(name: str, measures: Mapping[str, FoldSpread]) -> str:
    accuracy, loss = measures["test_accuracy"], measures["test_loss"]
    ends = f"{min(accuracy.folds):>8.4f}{max(accuracy.folds):>8.4f}"
    means = f"{_number(loss.mean, 4):>10}{_number(loss.sd, 4):>7}"
    return f"{name:<14}{accuracy.mean:>9.4f}{accuracy.sd:>7.4f}{ends}{means}"
