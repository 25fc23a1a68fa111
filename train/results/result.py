"""What a comparison of heads says: a row for each head and seed, and the mean of each head's seeds."""

import csv
import io
import json
import math
import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from headstart.cache.task import Task
from headstart.train.engine.loss import Metrics
from headstart.train.metrics.probabilities import decisions, probabilities, row_losses


class Result(NamedTuple):
    """One trained head; the columns of `results.csv`, in this order.

    Attributes:
        head: its name, or a floor's.
        seed: of the initial weights and of the order of rows.
        params: trainable parameters.
        epochs: epochs that ran; fractional only in a mean over seeds.
        best_epoch: the one whose weights were kept, counted from 1.
        valid_loss: at the best epoch.
        valid_accuracy: likewise.
        test_loss: of the kept weights; the test rows are read once, at the end.
        test_accuracy: likewise.
        train_seconds: wall clock of all epochs until its last, the other heads' share included, compilation not.
    """

    head: str
    seed: int
    params: int
    epochs: int | float
    best_epoch: int | float
    valid_loss: float
    valid_accuracy: float
    test_loss: float
    test_accuracy: float
    train_seconds: float


MEANS = (
    "epochs",
    "best_epoch",
    "valid_loss",
    "valid_accuracy",
    "test_loss",
    "test_accuracy",
    "train_seconds",
)


def to_csv(results: Sequence[Result], folds: Sequence[int] = ()) -> str:
    """Results as the text of `results.csv`; with folds, a last column says which."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*Result._fields, *["fold"][: len(folds)]])
    writer.writerows(zip(*zip(*results, strict=True), folds, strict=True) if folds else results)
    return text.getvalue()


def to_json(details: dict[str, Any]) -> str:
    """Everything about a run as the text of `results.json`."""
    return json.dumps(_without_nan(details), indent=1, allow_nan=False) + "\n"


def by_head(results: Sequence[Result]) -> list[Result]:
    """The mean over seeds and folds of each head, in the order of first appearance; `seed` is the number of seeds.

    Seconds of folds are added up: a head takes all of them.
    """
    heads = {result.head: [r for r in results if r.head == result.head] for result in results}
    return [_mean(runs) for runs in heads.values()]


def metrics_of(task: Task, labels: Int[np.ndarray, " b *k"], logits: Float[np.ndarray, "b k"]) -> Metrics:
    """Loss and accuracy of logits; accuracy of a multilabel task is the share of right labels, as in Keras."""
    right = decisions(task, probabilities(task, logits)) == labels
    with np.errstate(invalid="ignore"):  # a head that diverged: its loss is NaN
        losses = row_losses(task, labels, logits)
    return Metrics(float(losses.mean()), float(right.mean()))


def _without_nan(value: Any) -> Any:
    """Replace numbers that JSON cannot hold by null: the losses of a head that diverged."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _mean(runs: Sequence[Result]) -> Result:
    columns = dict(zip(Result._fields, zip(*runs, strict=True), strict=True))
    means = {name: statistics.fmean(columns[name]) for name in MEANS}
    seeds = len(set(columns["seed"]))
    means["train_seconds"] = sum(columns["train_seconds"]) / seeds
    return Result(runs[0].head, seeds, runs[0].params, **means)
