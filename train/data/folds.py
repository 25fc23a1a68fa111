"""K folds of a cache: every row is tested once, by heads that have not learnt from it."""

import warnings
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from headstart.cache.reader import Cache
from headstart.cache.recipe import GROUPED
from headstart.cache.runtime.errors import UserError
from headstart.cache.splits import SPLITS
from headstart.cache.task import Task, class_counts
from headstart.train.data.concat import Whole
from headstart.train.data.labels import require_labels
from headstart.train.data.leaks import leaks, unleaked
from headstart.train.data.open import open_split
from headstart.train.data.split import Readable
from headstart.train.data.subset import Chosen

VALIDATION = 9
"""One part of so many of what a fold does not test: as many rows as the notebook's split has for 10 folds."""


class Fold(NamedTuple):
    """Row numbers of the three splits of a fold."""

    train: Int[np.ndarray, " a"]
    valid: Int[np.ndarray, " b"]
    test: Int[np.ndarray, " c"]


class Folded(NamedTuple):
    """The folds of a cache.

    Attributes:
        tested: all rows, in file order.
        folds: places among them.
        splits: `train`, `valid` and `test` of each fold.
        leaks: identical texts, see `train.data.leaks.leaks`, added up over the folds.
        warnings: lines for the user.
    """

    tested: Chosen
    folds: list[Fold]
    splits: list[dict[str, Readable]]
    leaks: dict[str, int]
    warnings: list[str]


def open_folds(cache: Cache, folds: int, most: int | None, deduplicate: bool) -> Folded:
    """Deal all rows of a cache into folds; nothing is read but labels and texts.

    Args:
        cache: an opened cache.
        folds: how many.
        most: take only so many rows, drawn at random; None takes all.
        deduplicate: leave out of the earlier splits what is also in a later one.

    Raises:
        UserError: the cache holds views or groups, or too few rows.
    """
    _refuse(cache)
    tested = _all_rows(cache, most)
    try:
        require_labels(tested.labels, "whole", cache.task)
    except ValueError as error:
        raise UserError(f"the cache {cache.name} cannot be used: {error}") from None
    dealt = deal_folds(cache.task, tested.labels, folds, cache.recipe.split_seed)
    splits: list[dict[str, Chosen]] = [
        {name: Chosen(tested.whole, tested.chosen[own]) for name, own in zip(SPLITS, fold, strict=True)}
        for fold in dealt
    ]
    found = [leaks({name: own.texts for name, own in fold.items()}) for fold in splits]
    total = {pair: sum(own[pair] for own in found) for pair in found[0]}
    if deduplicate and any(total.values()):
        splits = [_unleaked(fold) for fold in splits]
    opened: list[dict[str, Readable]] = [dict(fold) for fold in splits]
    return Folded(tested, dealt, opened, total, absent_lines(cache.task, tested.labels, dealt))


def _refuse(cache: Cache) -> None:
    if cache.views:
        raise UserError(
            f"{cache.name} holds views with dropout of its training rows alone, and folds train on others, too; "
            "make a cache without --dropout-views for --folds"
        )
    if cache.recipe.split_rule.startswith(GROUPED):
        raise UserError(
            f"{cache.name} keeps groups apart, but does not say which row is of which group: --folds would mix them; "
            "leave out --folds"
        )


def _all_rows(cache: Cache, most: int | None) -> Chosen:
    """All rows in file order, however they were dealt before; or some of them."""
    parts = [open_split(cache, name) for name in SPLITS]
    whole = Whole(parts, lambda at: open_split(cache, SPLITS[at]))
    order = np.argsort(whole.rows, kind="stable")
    if most is not None and most < len(order):
        order = order[np.sort(np.random.default_rng(0).choice(len(order), most, replace=False))]
    return Chosen(whole, order)


def _unleaked(fold: Mapping[str, Chosen]) -> dict[str, Chosen]:
    kept = unleaked({name: own.texts for name, own in fold.items()})
    return {name: Chosen(own.whole, own.chosen[kept[name]]) for name, own in fold.items()}


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
    return len(labels) if task.several else int(np.bincount(labels).max())


def _parts(
    task: Task, labels: Int[np.ndarray, " n *k"], parts: int, seed: int
) -> list[Int[np.ndarray, " _"]]:
    from sklearn.model_selection import KFold, StratifiedKFold

    kind = KFold if task.several else StratifiedKFold
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
