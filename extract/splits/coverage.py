"""What splits must hold: rows, and every class: not learnt without training rows, not judged without test rows."""

from collections.abc import Mapping, Sized
from typing import TypeVar

from headstart.cache.runtime.errors import UserError
from headstart.cache.task import class_counts
from headstart.extract.dataset.dataset import Dataset
from headstart.extract.settings import Settings
from headstart.extract.splits.rules import Splits

Split = TypeVar("Split", bound=Mapping[str, Sized])

MIN_ROWS = 10  # the fewest that leave a row for each split
SHOWN = 5  # lines
MORE = "give it more rows"
FOLDS = " (from 10 on every split has some), or test all rows in turn with bench.py --folds 3"
FEWEST_OF_A_FOLD = 3  # rows of every class: one each to learn from, to validate and to test


def require_enough(count: int) -> None:
    """Check that so many rows can be split.

    Raises:
        UserError: they are too few.
    """
    if count < MIN_ROWS:
        raise UserError(f"{count} rows are too few to split; at least {MIN_ROWS} are needed")


def require_rows(splits: Split) -> Split:
    """Return splits, by name, all of which have rows.

    Raises:
        UserError: one has none.
    """
    if empty := [name for name, rows in splits.items() if not len(rows)]:
        raise UserError(f"the split {empty[0]} gets no row; use more rows, or another --seed")
    return splits


def describe_absent(dataset: Dataset, splits: Splits, settings: Settings) -> list[str]:
    """A line for each class that valid or test lacks, with what to do about it.

    Raises:
        UserError: train lacks a class.
    """
    advice = what_to_do(settings)
    total = dict(class_counts(dataset.task, dataset.labels))
    in_turn = advice == MORE and not dataset.task.several and min(total.values()) >= FEWEST_OF_A_FOLD
    lines = []
    for split, rows in splits.items():
        for name, count in class_counts(dataset.task, dataset.labels[rows]):
            if count:
                continue
            absent = f"class {name!r} has {total[name]:,} rows, none of them in {split}"
            if split == "train":
                raise UserError(f"{absent}, and cannot be learnt; {advice}, or leave the class out")
            lines.append(f"warning: {absent}; {advice}{FOLDS * in_turn}")
    rest = len(lines) - SHOWN
    return lines[:SHOWN] + [f"warning: {rest:,} more classes are absent from a split"] * (rest > 0)


def what_to_do(settings: Settings) -> str:
    """Advice about a class that a split lacks."""
    if settings.split_column or len(settings.split_files) == 2:
        return "give that split some of its rows"
    if settings.groups or settings.split_rule != "notebook":
        return "try another --seed"
    return MORE if settings.stratify else "deal with --stratify"
