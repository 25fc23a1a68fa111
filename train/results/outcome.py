"""What a comparison found: a row for each head and seed, the answers to every row, the statistics."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Int

from headstart.cache.task import Task
from headstart.train.data.split import Split
from headstart.train.engine.history import FitResult, HeadSeed, History, TrainingProgress
from headstart.train.engine.loss import Metrics
from headstart.train.engine.trainer import Trainer
from headstart.train.metrics.probabilities import Labels, probabilities_of, right_decisions, row_losses
from headstart.train.results.baselines import Baseline
from headstart.train.results.result import FoldSpread, Result, spread_over_folds
from headstart.train.statistics.bootstrap import resamples_for
from headstart.train.statistics.entrant import SplitAnswers
from headstart.train.statistics.findings import Summary
from headstart.train.statistics.summary import summarise

FOLDS_NOTE = (
    "Each row was tested once, by the heads of the fold that left it out. The folds share most of their training rows, "
    "so the interval says what other test rows would change, not what other training rows would. Thresholds are chosen "
    "on the validation rows of all folds together."
)
Logits = Mapping[str, Float32[np.ndarray, "_ _ k"]]
"""Logits of each head or baseline by seed, row and output; a baseline has one seed, whatever heads have."""


class TrainedHeads(NamedTuple):
    """Heads that were trained on all rows, or on a fold.

    Attributes:
        splits: `train`, `valid` and `test`.
        trainer: Heads and features.
        progress: Where training ended.
        fitted: What training left of each head and seed.
        logits: Logits of `valid` and `test`, by head.
        baselines: What heads must beat; they come first in the table.
        seconds: Wall clock of the training.
        fold: Number of the fold, counted from 1; None without folds.
    """

    splits: dict[str, Split]
    trainer: Trainer
    progress: TrainingProgress
    fitted: dict[HeadSeed, FitResult]
    logits: Mapping[str, Logits]
    baselines: Sequence[Baseline]
    seconds: float
    fold: int | None

    def all_logits(self, split: str) -> Logits:
        """Logits of the baselines and the heads."""
        names = dict.fromkeys(name for name, _ in self.fitted)
        of_baselines = {baseline.name: baseline.logits[split][None] for baseline in self.baselines}
        return {**of_baselines, **{name: self.logits[split][name] for name in names}}

    def histories(self) -> dict[str, History]:
        """Epochs of each head and seed, `gru/0`; in a fold `gru/0-fold-1`."""
        fold = "" if self.fold is None else f"-fold-{self.fold}"
        return {f"{name}/{seed}{fold}": fitted.history for (name, seed), fitted in self.fitted.items()}


class Outcome(NamedTuple):
    """What a comparison found.

    Attributes:
        results: A row of the table for each baseline, and each head and seed; with folds for each of them.
        statistics: What the test rows say.
        histories: Epochs of each head, seed and fold, see `TrainedHeads.histories`.
        rows: Rows of each split; of several folds the first one's, and all that were tested.
        predictions: Arrays of `valid` and `test` that `predictions/` keeps: `labels`, `rows`, and the logits of each
            `<head>/<seed>`, `[n, outputs]`.
        folds: How measures spread over folds, by head; None without folds.
    """

    results: list[Result]
    statistics: Summary
    histories: dict[str, History]
    rows: dict[str, int]
    predictions: dict[str, dict[str, np.ndarray]]
    folds: dict[str, dict[str, FoldSpread]] | None


def judge(
    task: Task, rounds: Sequence[TrainedHeads], tested: Split, places: Sequence[Int[np.ndarray, " _"]]
) -> Outcome:
    """Score heads and baselines on the test rows, and compare them on all rows that were tested.

    Args:
        task: What is told apart.
        rounds: What training left: once, or of each fold.
        tested: All rows that were tested.
        places: Places of each fold's test rows among them; empty without folds.
    """
    valid, test = _valid_answers(rounds), _test_answers(rounds, tested, places)
    valid_rows = np.concatenate([heads.splits["valid"].rows for heads in rounds])
    baselines = {baseline.name for baseline in rounds[0].baselines}
    summary = summarise(task, valid, test, baselines, resamples=resamples_for(len(test.logits)))
    said = [baseline.note for heads in rounds for baseline in heads.baselines if baseline.note]
    said += [FOLDS_NOTE] * bool(places)
    summary = dataclasses.replace(summary, notes=[*summary.notes, *dict.fromkeys(said)])
    results = [row for heads in rounds for row in score(task, heads)]
    counts = {name: len(split.labels) for name, split in rounds[0].splits.items()}
    return Outcome(
        results,
        summary,
        histories={name: history for heads in rounds for name, history in heads.histories().items()},
        rows={**counts, "test": len(tested.labels)},
        predictions={"valid": _arrays(valid, valid_rows), "test": _arrays(test, tested.rows)},
        folds=spread_over_folds(results) if places else None,
    )


def score(task: Task, heads: TrainedHeads) -> list[Result]:
    """Rows of the table: the baselines', and one for each head and seed."""
    labels, fold = {name: split.labels for name, split in heads.splits.items()}, heads.fold

    def of_baseline(baseline: Baseline) -> Result:
        valid, test = (metrics_of(task, labels[name], baseline.logits[name]) for name in ("valid", "test"))
        return Result(baseline.name, 0, baseline.params, 0, 0, *valid, *test, baseline.seconds, fold)

    def of_head(key: HeadSeed, fitted: FitResult) -> Result:
        best = fitted.history[fitted.best_epoch - 1]
        valid = best.valid_loss, best.valid_accuracy
        test = metrics_of(task, labels["test"], heads.logits["test"][key.head][key.seed])
        epochs = len(fitted.history), fitted.best_epoch
        return Result(*key, fitted.parameters, *epochs, *valid, *test, fitted.seconds, fold)

    return [*map(of_baseline, heads.baselines), *(of_head(*item) for item in heads.fitted.items())]


def metrics_of(task: Task, labels: Labels, logits: Float[np.ndarray, "b k"]) -> Metrics:
    """Loss and accuracy of logits; accuracy of a multilabel task is the share of right labels, as in Keras."""
    right = right_decisions(task, labels, probabilities_of(task, logits))
    with np.errstate(invalid="ignore"):  # a head that diverged: its loss is NaN
        losses = row_losses(task, labels, logits)
    return Metrics(float(losses.mean()), float(right.mean()))


def _valid_answers(rounds: Sequence[TrainedHeads]) -> SplitAnswers:
    labels = np.concatenate([heads.splits["valid"].labels for heads in rounds])
    return SplitAnswers(labels, _joined(rounds, "valid"))


def _test_answers(
    rounds: Sequence[TrainedHeads], tested: Split, places: Sequence[Int[np.ndarray, " _"]]
) -> SplitAnswers:
    """Answers to all rows in their order; that each row has one place is what folds are."""
    order = np.argsort(np.concatenate(places)) if places else np.arange(len(tested.labels))
    logits = {name: logits[:, order] for name, logits in _joined(rounds, "test").items()}
    return SplitAnswers(tested.labels, logits)


def _joined(rounds: Sequence[TrainedHeads], split: str) -> dict[str, np.ndarray]:
    """Logits of all rounds' rows, one round after another."""
    parts = [heads.all_logits(split) for heads in rounds]
    return {name: np.concatenate([part[name] for part in parts], axis=1) for name in parts[0]}


def _arrays(answers: SplitAnswers, rows: Int[np.ndarray, " n"]) -> dict[str, np.ndarray]:
    """What `predictions/` keeps of a split."""
    lanes = {
        f"{name}/{seed}": one for name, heads in answers.logits.items() for seed, one in enumerate(heads)
    }
    return {"labels": answers.labels, "rows": rows, **lanes}
