"""What a comparison found: a row for each head and seed, the answers to every row, the statistics."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable
import jax
import numpy as np
from jaxtyping import Float32, Int
from headstart.cache.reader import Cache
from headstart.cache.task import Task
from headstart.train.data.split import Split
from headstart.train.engine.history import FitResult, HeadSeed
from headstart.train.results.baselines import Floor
from headstart.train.results.folder import RunFolder
from headstart.train.engine.loss import Metrics
from headstart.cache.block import LEAST
from headstart.train.results.result import Result, metrics_of
from headstart.train.statistics.summary import summarise
from typing import NamedTuple
from headstart.train.engine.history import FitResult, HeadSeed, TrainingProgress
from headstart.train.engine.trainer import Trainer
from headstart.train.data.split import Split



Logits = Mapping[str, Float32[np.ndarray, "_ _ k"]]
"""Of each head or floor: a seed, a row, an output. A floor has one seed, whatever heads have."""



@runtime_checkable
class Labelled(Protocol):
    """Rows of which labels and positions in the data file are known."""

    @property
    def labels(self) -> Int[np.ndarray, " n *k"]:
        """See `train.data.split.Split`."""

    @property
    def rows(self) -> Int[np.ndarray, " n"]:
        """Position of each row in the data file."""



class Outcome(NamedTuple):
    """What a comparison found.

    Attributes:
        task: what was told apart.
        results: a row of the table for each floor, and each head and seed.
        logits: of validation and test rows.
        statistics: see `train.statistics.summary`.
        fitted: what training left, by head and seed: `gru/0`.
        rows: how many rows each split has.
    """

    task: Task
    results: list[Result]
    logits: dict[str, Logits]
    statistics: dict[str, Any]
    fitted: Mapping[str, FitResult]
    rows: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """Everything but the logits."""
        return {
            "task": self.task.to_json(),
            "results": [result._asdict() for result in self.results],
            "histories": {
                name: [record._asdict() for record in own.history] for name, own in self.fitted.items()
            },
            "statistics": self.statistics,
            "floors": self.statistics["floors"],
            "rows": self.rows,
        }

    def save_predictions(self, folder: RunFolder, splits: Mapping[str, Labelled]) -> None:
        """Write the logits of every row."""
        for split, heads in self.logits.items():
            seeds = {f"{name}/{seed}": one for name, own in heads.items() for seed, one in enumerate(own)}
            folder.save_predictions(
                split, {"labels": splits[split].labels, "rows": splits[split].rows, **seeds}
            )



def judged(
    task: Task,
    splits: Mapping[str, Split],
    fitted: Mapping[HeadSeed, FitResult],
    logits: Mapping[str, Logits],
    floors: Sequence[Floor],
) -> Outcome:
    """Score heads and floors on the test rows, and compare them.

    Args:
        task: what is told apart.
        splits: `train`, `valid` and `test`.
        fitted: of each head and seed.
        logits: of `valid` and `test`, by head.
        floors: come first in the table.
    """
    labels = {name: split.labels for name, split in splits.items()}
    results, whole = scored(task, splits, fitted, logits, floors)
    least = {floor.name for floor in floors}
    statistics = summarise(task, labels["valid"], labels["test"], whole["valid"], whole["test"], least)
    named = {f"{name}/{seed}": own for (name, seed), own in fitted.items()}
    return Outcome(task, results, whole, statistics, named, {name: len(own) for name, own in labels.items()})



def scored(
    task: Task,
    splits: Mapping[str, Split],
    fitted: Mapping[HeadSeed, FitResult],
    logits: Mapping[str, Logits],
    floors: Sequence[Floor],
) -> tuple[list[Result], dict[str, Logits]]:
    """Rows of the table, and the logits of floors and heads; arguments as of `judged`."""
    labels = {name: split.labels for name, split in splits.items()}
    names = dict.fromkeys(name for name, _ in fitted)
    whole: dict[str, Logits] = {
        split: {**{floor.name: floor.logits[split][None] for floor in floors}, **{n: heads[n] for n in names}}
        for split, heads in logits.items()
    }
    results = [
        *(_of_floor(task, labels, floor) for floor in floors),
        *(
            _of_head(lane, own, metrics_of(task, labels["test"], whole["test"][lane[0]][lane[1]]))
            for lane, own in fitted.items()
        ),
    ]
    return results, whole



def _of_floor(task: Task, labels: Mapping[str, Any], floor: Floor) -> Result:
    valid, test = (metrics_of(task, labels[name], floor.logits[name]) for name in ("valid", "test"))
    return Result(floor.name, 0, floor.params, 0, 0, *valid, *test, train_seconds=floor.seconds)



def _of_head(lane: HeadSeed, fitted: FitResult, test: Metrics) -> Result:
    best = fitted.history[fitted.best_epoch - 1]
    count = sum(leaf.size for leaf in jax.tree.leaves(fitted.best_params))
    valid = best.valid_loss, best.valid_accuracy
    return Result(*lane, count, len(fitted.history), fitted.best_epoch, *valid, *test, fitted.seconds)



class TrainedHeads(NamedTuple):
    """Heads that were trained on all rows, or on a fold.

    Attributes:
        splits: `train`, `valid` and `test`.
        trainer: heads and features.
        progress: after the last epoch.
        fitted: of each head and seed.
        logits: of `valid` and `test`, by head.
        floors: what heads must beat.
        seconds: wall clock of the training.
    """

    splits: dict[str, Split]
    trainer: Trainer
    progress: TrainingProgress
    fitted: dict[HeadSeed, FitResult]
    logits: Mapping[str, Logits]
    floors: Sequence[Floor]
    seconds: float
