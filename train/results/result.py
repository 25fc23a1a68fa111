"""What a comparison of heads says: a row for each head, seed and fold, and the means over them."""

import csv
import dataclasses
import io
import math
import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple


@dataclasses.dataclass(frozen=True)
class Result:
    """One trained head; the columns of `results.csv`, in this order.

    Attributes:
        head: Its name, or a baseline's.
        seed: Seed of the initial weights and of the order of rows; in a mean over seeds, how many they are.
        params: Trainable parameters.
        epochs: Epochs that ran; fractional only in a mean over seeds.
        best_epoch: The one whose weights were kept, counted from 1.
        valid_loss: Loss on the validation rows at the best epoch.
        valid_accuracy: Likewise.
        test_loss: Loss of the kept weights; the test rows are read once, at the end.
        test_accuracy: Likewise.
        train_seconds: Wall clock of all epochs until its last, the other heads' share included, compilation not.
        fold: The fold that tested it, counted from 1; None without folds, and then no column.
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
    fold: int | None = None


COLUMNS = tuple(field.name for field in dataclasses.fields(Result))
MEASURED = ("valid_loss", "valid_accuracy", "test_loss", "test_accuracy")
MEANS = ("epochs", "best_epoch", *MEASURED, "train_seconds")


class FoldSpread(NamedTuple):
    """A measure over folds: mean and standard deviation of the folds' means over seeds, and these means."""

    mean: float
    sd: float
    folds: list[float]


def to_csv(results: Sequence[Result]) -> str:
    """Results as the text of `results.csv`."""
    columns = COLUMNS if any(result.fold for result in results) else COLUMNS[:-1]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([getattr(result, name) for name in columns] for result in results)
    return text.getvalue()


def group_by_head(results: Sequence[Result]) -> dict[str, list[Result]]:
    """The results of each head and baseline, in the order of first appearance."""
    heads: dict[str, list[Result]] = {}
    for result in results:
        heads.setdefault(result.head, []).append(result)
    return heads


def mean_by_head(results: Sequence[Result]) -> list[Result]:
    """The mean over seeds and folds of each head, in the order of first appearance; `seed` is the number of seeds.

    Seconds of folds are added up: a head takes all of them.
    """
    return [_mean(head) for head in group_by_head(results).values()]


def mean_of(results: Sequence[Result], field: str) -> float:
    """Mean of a column."""
    return sum(float(getattr(result, field)) for result in results) / len(results)


def spread_over_folds(results: Sequence[Result]) -> dict[str, dict[str, FoldSpread]]:
    """How the measures of each head and baseline spread over folds."""
    return {
        name: {measure: _over_folds(head, measure) for measure in MEASURED}
        for name, head in group_by_head(results).items()
    }


def _mean(results: Sequence[Result]) -> Result:
    means: dict[str, Any] = {
        name: statistics.fmean(getattr(result, name) for result in results) for name in MEANS
    }
    seeds = len({result.seed for result in results})
    means["train_seconds"] = sum(result.train_seconds for result in results) / seeds
    return dataclasses.replace(results[0], seed=seeds, fold=None, **means)


def _over_folds(results: Sequence[Result], measure: str) -> FoldSpread:
    folds: dict[int | None, list[float]] = {}
    for result in results:
        folds.setdefault(result.fold, []).append(getattr(result, measure))
    means = [statistics.fmean(values) for values in folds.values()]
    # `statistics.stdev` fails where a head that diverged has a loss of infinity or NaN.
    spread = statistics.stdev(means) if all(map(math.isfinite, means)) else math.nan
    return FoldSpread(statistics.fmean(means), spread, means)
