"""What a comparison of heads says: a row for each head and seed, and the mean of each head's seeds."""

import csv
import io
import json
import math
import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple


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
        train_seconds: wall clock of all epochs, compilation included.
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
_HEADER = "head            params  epochs  best  valid loss  valid acc  test loss  test acc  seconds"


def to_csv(results: Sequence[Result]) -> str:
    """Results as the text of `results.csv`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Result._fields)
    writer.writerows(results)
    return text.getvalue()


def to_json(details: dict[str, Any]) -> str:
    """Everything about a run as the text of `results.json`."""
    return json.dumps(_without_nan(details), indent=1, allow_nan=False) + "\n"


def by_head(results: Sequence[Result]) -> list[Result]:
    """The mean over seeds of each head, in the order of first appearance; `seed` is the number of seeds."""
    heads = {result.head: [r for r in results if r.head == result.head] for result in results}
    return [_mean(runs) for runs in heads.values()]


def accuracy_error(results: Sequence[Result], head: str, test_rows: int) -> float:
    """Standard error of a head's test accuracy that comes from the choice of test rows.

    It treats rows as independent draws, and says nothing about other seeds or other data.
    """
    accuracy = statistics.fmean(result.test_accuracy for result in results if result.head == head)
    return math.sqrt(accuracy * (1 - accuracy) / test_rows)


def table(results: Sequence[Result], test_rows: int) -> str:
    """Lines for a terminal: a row for each head, and how much its accuracy can be trusted."""
    rows = by_head(results)
    error = max(accuracy_error(results, row.head, test_rows) for row in rows)
    notes = [f"standard error of a test accuracy: up to {error:.3f} ({test_rows:,} test rows)"]
    if (seeds := max(row.seed for row in rows)) > 1:
        notes.append(f"means over {seeds} seeds")
    return "\n".join([_HEADER, *map(_line, rows), *notes])


def _without_nan(value: Any) -> Any:
    """Replace numbers that JSON cannot hold by null: the losses of a head that diverged."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _mean(runs: Sequence[Result]) -> Result:
    columns = dict(zip(Result._fields, zip(*runs, strict=True), strict=True))
    means = [statistics.fmean(columns[name]) for name in MEANS]
    return Result(runs[0].head, len(runs), runs[0].params, *means)


def _line(row: Result) -> str:
    return (
        f"{row.head:<14}{row.params:>8,}{row.epochs:>8.4g}{row.best_epoch:>6.4g}{row.valid_loss:>12.4f}"
        f"{row.valid_accuracy:>11.4f}{row.test_loss:>11.4f}{row.test_accuracy:>10.4f}{row.train_seconds:>9.1f}"
    )
