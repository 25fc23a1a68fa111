"""K folds: every row is tested once, by heads that have not learnt from it."""

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from cache.errors import UserError
from cache.task import Task, class_counts

VALIDATION = 9
"""One part of so many of what a fold does not test: as many rows as the notebook's split has for 10 folds."""


class Fold(NamedTuple):
    """Row numbers of the three splits of a fold."""

    train: Int[np.ndarray, " a"]
    valid: Int[np.ndarray, " b"]
    test: Int[np.ndarray, " c"]


def deal_folds(task: Task, labels: Int[np.ndarray, " n *k"], folds: int, seed: int) -> list[Fold]:
    """Deal rows as scikit-learn's StratifiedKFold does, or KFold where a row can have several labels.

    What a fold does not test is dealt once more, into 9 parts (fewer where no class has 9 rows), of which the first is
    for validation.

    Args:
        task: kind and classes.
        labels: of all rows.
        folds: how many.
        seed: of every shuffle.

    Raises:
        UserError: there are too few rows, or the training rows of a fold lack a class.
    """
    if len(labels) < 10 * folds // (folds - 1) or len(labels) < folds:
        raise UserError(f"{len(labels)} rows are too few for {folds} folds; choose fewer --folds")
    tested = _parts(task, labels, folds, seed)
    found = []
    for test in tested:
        rest = np.setdiff1d(np.arange(len(labels)), test)
        parts = min(VALIDATION, _most(task, labels[rest]))
        valid = rest[_parts(task, labels[rest], parts, seed)[0]]
        found.append(Fold(np.setdiff1d(rest, valid), valid, test))
    for number, fold in enumerate(found, start=1):
        _require_classes(task, labels, fold, number)
    return found


def absent_lines(task: Task, labels: Int[np.ndarray, " n *k"], folds: Sequence[Fold]) -> list[str]:
    """A line for each class that some fold does not test."""
    counts = [dict(class_counts(task, labels[fold.test])) for fold in folds]
    missing = {name: sum(not own[name] for own in counts) for name in task.classes}
    return [
        f"warning: class {name!r} has no row in the test part of {lost} of {len(folds)} folds"
        for name, lost in missing.items()
        if lost
    ]


def _most(task: Task, labels: Int[np.ndarray, " n *k"]) -> int:
    """Rows of the largest class: the most parts that can be stratified."""
    return len(labels) if task.kind == "multilabel" else int(np.bincount(labels).max())


def _parts(
    task: Task, labels: Int[np.ndarray, " n *k"], parts: int, seed: int
) -> list[Int[np.ndarray, " _"]]:
    from sklearn.model_selection import KFold, StratifiedKFold

    kind = KFold if task.kind == "multilabel" else StratifiedKFold
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of a rare class: `absent_lines` names it
            dealt = kind(parts, shuffle=True, random_state=seed).split(np.zeros(len(labels)), labels)
            return [own for _, own in dealt]
    except ValueError as error:
        raise UserError(f"{len(labels)} rows are too few to deal into {parts} parts: {error}") from None


def _require_classes(task: Task, labels: Int[np.ndarray, " n *k"], fold: Fold, number: int) -> None:
    for name, count in class_counts(task, labels[fold.train]):
        if not count:
            raise UserError(
                f"class {name!r} has no row among the training rows of fold {number}, and cannot be learnt there; "
                "extract more of its rows, or leave the class out"
            )
