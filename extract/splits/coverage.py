"""Classes that a split lacks: not learnt without training rows, not judged without test rows."""

from collections.abc import Iterator

from headstart.cache.runtime.errors import UserError
from headstart.cache.task import class_counts
from headstart.extract.dataset.dataset import Rows
from headstart.extract.splits.rules import Splits

SHOWN = 5  # lines


def absent_classes(rows: Rows, splits: Splits) -> Iterator[tuple[str, str]]:
    """Each split and class without a row in it."""
    for split, own in splits.items():
        for name, count in class_counts(rows.task, rows.labels[own]):
            if not count:
                yield split, name


def describe_absent(rows: Rows, splits: Splits, advice: str) -> list[str]:
    """A line for each class that valid or test lacks.

    Args:
        rows: all of them.
        splits: positions of each split's rows.
        advice: what to do about it.

    Raises:
        UserError: train lacks a class.
    """
    total = dict(class_counts(rows.task, rows.labels))
    lines = []
    for split, name in absent_classes(rows, splits):
        found = f"class {name!r} has {total[name]:,} rows, none of them in {split}"
        if split == "train":
            raise UserError(f"{found}, and cannot be learnt; {advice}, or leave the class out")
        lines.append(f"warning: {found}; {advice}")
    rest = len(lines) - SHOWN
    return lines[:SHOWN] + [f"warning: {rest:,} more classes are absent from a split"] * (rest > 0)
