"""A cache's rows, dealt anew into folds."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from cache.errors import UserError
from cache.reader import Cache
from cache.recipe import GROUPED
from train.folds import Fold, absent_lines, deal_folds
from train.labels import require_labels
from train.leaks import SPLITS, leaks, unleaked
from train.opened import open_split
from train.some_rows import Readable
from train.whole import Chosen, Whole


class Folded(NamedTuple):
    """The folds of a cache.

    Attributes:
        tested: all rows, in file order.
        folds: places among them.
        splits: `train`, `valid` and `test` of each fold.
        leaks: identical texts, see `train.leaks.leaks`, added up over the folds.
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
