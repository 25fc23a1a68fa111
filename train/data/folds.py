"""K folds of a cache: every row is tested once, by heads that have not learnt from it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from headstart.cache.reader import Cache
from headstart.cache.recipe import GROUPED
from headstart.cache.runtime.errors import UserError
from headstart.cache.splits import SPLITS
from headstart.cache.task import Task, class_counts
from headstart.train.data.checks import few_rows, leaks, require_labels
from headstart.train.data.deal import Deal
from headstart.train.data.open import open_split, open_splits, without_leaks
from headstart.train.data.split import Split
from headstart.train.data.views import Concat, subset

VALIDATION = 9
"""One part of so many of what a fold does not test: as many rows as the notebook's split has for 10 folds."""


class Fold(NamedTuple):
    """Row numbers of the three splits of a fold."""

    train: Int[np.ndarray, " a"]
    valid: Int[np.ndarray, " b"]
    test: Int[np.ndarray, " c"]


class Rounds(NamedTuple):
    """What is trained and tested: once on the cache's splits, or in folds.

    Attributes:
        tested: All rows that are tested; those of folds in file order.
        folds: Places of the rows of each fold among them; empty without folds.
        splits: `train`, `valid` and `test` of each round.
        leaks: Identical texts, see `train.data.checks.leaks`, added up over the rounds.
        warnings: Lines that warn the user.
    """

    tested: Split
    folds: list[Fold]
    splits: list[dict[str, Split]]
    leaks: dict[str, int]
    warnings: list[str]


def open_rounds(cache: Cache, folds: int, most: int | None, deduplicate: bool) -> Rounds:
    """Open the cache's splits, or with `folds` above 0 split all its rows anew; see `open_splits` and `open_folds`."""
    if folds:
        return open_folds(cache, folds, most, deduplicate)
    splits, counts = open_splits(cache, deduplicate, most)
    return Rounds(splits["test"], [], [splits], counts, few_rows(cache.task, splits["test"].labels))


def open_folds(cache: Cache, folds: int, most: int | None, deduplicate: bool) -> Rounds:
    """Split all rows of a cache into folds; nothing is read but labels and texts.

    Args:
        cache: An opened cache.
        folds: Number of folds.
        most: Most rows to take, drawn at random; None takes all.
        deduplicate: Whether to leave out of the earlier splits what is also in a later one.

    Raises:
        UserError: the cache holds views, or keeps groups apart without saying which rows they are, or holds too few
            rows or groups.
    """
    _refuse(cache)
    order = _file_order(cache, most)
    tested, groups = subset(_all_rows(cache), order), _all_groups(cache, order)
    try:
        require_labels(tested.labels, "whole", cache.task)
    except ValueError as error:
        raise UserError(f"the cache {cache.name} cannot be used: {error}") from None
    parts = split_folds(cache.task, tested.labels, folds, cache.recipe.split_seed, groups)
    splits = [
        {name: subset(tested, places) for name, places in zip(SPLITS, fold, strict=True)} for fold in parts
    ]
    counts = [leaks({name: split.texts for name, split in fold.items()}) for fold in splits]
    total = {pair: sum(count[pair] for count in counts) for pair in counts[0]}
    if deduplicate and any(total.values()):
        splits = [without_leaks(fold) for fold in splits]
    warnings = [*few_rows(cache.task, tested.labels), *absent_lines(cache.task, tested.labels, parts)]
    return Rounds(tested, parts, splits, total, warnings)


def _refuse(cache: Cache) -> None:
    if cache.views:
        raise UserError(
            f"{cache.name} holds views with dropout of its training rows alone, and folds train on others, too; "
            "make a cache without --dropout-views for --folds"
        )
    if cache.recipe.split_rule.startswith(GROUPED) and not cache.recipe.groups:
        command = cache.manifest.source.get("command", "python -m extract")
        raise UserError(
            f"{cache.name} keeps groups apart, but does not say which row is of which group, as caches do now: --folds "
            f"would mix them; make it again ({command}), or leave out --folds"
        )


def _all_rows(cache: Cache) -> Split:
    """All rows, split after split."""
    return Concat([open_split(cache, name) for name in SPLITS], lambda part: open_split(cache, SPLITS[part]))


def _file_order(cache: Cache, most: int | None) -> Int[np.ndarray, " n"]:
    """Places of all rows in file order, however they were split before; or of some of them."""
    order = np.argsort(np.concatenate([cache.split(name).rows for name in SPLITS]), kind="stable")
    if most is None or most >= len(order):
        return order
    return order[np.sort(np.random.default_rng(0).choice(len(order), most, replace=False))]


def _all_groups(cache: Cache, order: Int[np.ndarray, " n"]) -> Int[np.ndarray, " n"] | None:
    """Group of each row, where groups are to be kept apart."""
    if not cache.recipe.groups:
        return None
    return np.asarray(np.concatenate([cache.split(name).groups for name in SPLITS])[order])


def split_folds(
    task: Task,
    labels: Int[np.ndarray, " n *k"],
    folds: int,
    seed: int,
    groups: Int[np.ndarray, " n"] | None = None,
) -> list[Fold]:
    """Split rows as scikit-learn's StratifiedKFold does, or KFold where a row can have several labels.

    What a fold does not test is split once more, into 9 parts (fewer where no class has 9 rows), of which the first is
    for validation. No group has rows in two parts: StratifiedGroupKFold, or GroupKFold.

    Args:
        task: Kind and classes.
        labels: Labels of all rows.
        folds: Number of folds.
        seed: Seed of every shuffle.
        groups: Number of each row's group; None where rows have none.

    Raises:
        UserError: there are too few rows or groups, or the training rows of a fold lack a class.
    """
    if len(labels) < 10 * folds // (folds - 1) or len(labels) < folds:
        raise UserError(f"{len(labels)} rows are too few for {folds} folds; choose fewer --folds")
    deal = Deal(task, labels, seed, groups)
    everywhere, parts = np.arange(len(labels)), []
    for test in deal.parts(everywhere, folds):
        rest = np.setdiff1d(everywhere, test)
        valid = deal.parts(rest, min(VALIDATION, deal.most_parts(rest)))[0]
        parts.append(Fold(np.setdiff1d(rest, valid), valid, test))
    for number, fold in enumerate(parts, start=1):
        _require_classes(task, labels, fold, number)
    return parts


def absent_lines(task: Task, labels: Int[np.ndarray, " n *k"], folds: Sequence[Fold]) -> list[str]:
    """A line for each class that some fold does not test."""
    counts = [dict(class_counts(task, labels[fold.test])) for fold in folds]
    missing = {name: sum(not count[name] for count in counts) for name in task.classes}
    return [
        f"warning: class {name!r} has no row in the test part of {lost} of {len(folds)} folds"
        for name, lost in missing.items()
        if lost
    ]


def _require_classes(task: Task, labels: Int[np.ndarray, " n *k"], fold: Fold, number: int) -> None:
    for name, count in class_counts(task, labels[fold.train]):
        if not count:
            raise UserError(
                f"class {name!r} has no row among the training rows of fold {number}, and cannot be learnt there; "
                "extract more of its rows, or leave the class out"
            )
