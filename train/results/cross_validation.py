"""What K folds found, put together: each row's answer comes from heads that have not learnt from it."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

from headstart.cache.task import Task
from headstart.train.results.outcome import Logits, Outcome, scored
from headstart.train.results.result import Result
from headstart.train.data.split import Split
from headstart.train.statistics.summary import summarise
from headstart.train.results.outcome import TrainedHeads

NOTE = (
    "Each row was tested once, by the heads of the fold that left it out. The folds share most of their training rows, "
    "so the interval says what other test rows would change, not what other training rows would. Thresholds are chosen "
    "on the validation rows of all folds together."
)
MEASURED = ("valid_loss", "valid_accuracy", "test_loss", "test_accuracy")


class Judged(NamedTuple):
    """All folds together.

    Attributes:
        outcome: statistics of all rows; a result for each head, seed and fold.
        folds: number of the fold of each result, from 1.
        valid: labels and row numbers of the validation rows, fold after fold.
    """

    outcome: Outcome
    folds: list[int]
    valid: "Labelled"


class Labelled(NamedTuple):
    """Labels of some rows, and their positions in the data file."""

    labels: Int[np.ndarray, " n *k"]
    rows: Int[np.ndarray, " n"]


def judge_folds(
    task: Task, tested: Split, places: Sequence[Int[np.ndarray, " _"]], rounds: Sequence[TrainedHeads]
) -> Judged:
    """Score every fold, and compare heads and floors on all rows.

    Args:
        task: what is told apart.
        tested: all rows.
        places: of each fold's test rows among them.
        rounds: what training left of each fold.
    """
    found = [scored(task, own.splits, own.fitted, own.logits, own.floors) for own in rounds]
    results = [result for own, _ in found for result in own]
    folds = [number for number, (own, _) in enumerate(found, start=1) for _ in own]
    valid = Labelled(
        *(np.concatenate([getattr(own.splits["valid"], f) for own in rounds]) for f in Labelled._fields)
    )
    logits: dict[str, Logits] = {
        "valid": _joined([whole["valid"] for _, whole in found]),
        "test": _placed([whole["test"] for _, whole in found], places),
    }
    least = {floor.name for floor in rounds[0].floors}
    compared = summarise(task, valid.labels, tested.labels, logits["valid"], logits["test"], least)
    compared["notes"] = [*compared["notes"], NOTE]
    fitted = {
        f"{name}/{seed}-fold-{number}": result
        for number, own in enumerate(rounds, start=1)
        for (name, seed), result in own.fitted.items()
    }
    rows = {name: len(own.labels) for name, own in rounds[0].splits.items()}
    return Judged(
        Outcome(task, results, logits, compared, fitted, {**rows, "test": len(tested.labels)}), folds, valid
    )


def by_fold(results: Sequence[Result], folds: Sequence[int]) -> dict[str, dict[str, Any]]:
    """Of each head and floor, the mean over seeds in each fold, and mean and standard deviation over folds."""
    found: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(result.head for result in results):
        found[name] = {measure: _over_folds(results, folds, name, measure) for measure in MEASURED}
    return found


def fold_lines(spread: Mapping[str, Mapping[str, Any]], folds: int, several: bool = False) -> str:
    """Test accuracy over folds as a table for a terminal; where rows have several labels, of single labels."""
    accuracy = "label acc" if several else "test acc"
    header = f"{'head':<14}{accuracy:>9}{'sd':>7}{'lowest':>8}{'highest':>8}{'test loss':>10}{'sd':>7}"
    return "\n".join(
        [f"Over {folds} folds:", header, *(_fold_line(name, own) for name, own in spread.items())]
    )


def _fold_line(name: str, own: Mapping[str, Any]) -> str:
    accuracy, loss = own["test_accuracy"], own["test_loss"]
    ends = f"{min(accuracy['folds']):>8.4f}{max(accuracy['folds']):>8.4f}"
    return f"{name:<14}{accuracy['mean']:>9.4f}{accuracy['sd']:>7.4f}{ends}{loss['mean']:>10.4f}{loss['sd']:>7.4f}"


def _over_folds(results: Sequence[Result], folds: Sequence[int], name: str, measure: str) -> dict[str, Any]:
    values: dict[int, list[float]] = {}
    for result, fold in zip(results, folds, strict=True):
        if result.head == name:
            values.setdefault(fold, []).append(getattr(result, measure))
    means = [statistics.fmean(own) for own in values.values()]
    return {"mean": statistics.fmean(means), "sd": statistics.stdev(means), "folds": means}


def _joined(parts: Sequence[Logits]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([part[name] for part in parts], axis=1) for name in parts[0]}


def _placed(parts: Sequence[Logits], places: Sequence[Int[np.ndarray, " _"]]) -> dict[str, np.ndarray]:
    """Logits of all rows in their order; that each row has one place is what folds are."""
    order = np.argsort(np.concatenate(places))
    return {name: own[:, order] for name, own in _joined(parts).items()}
