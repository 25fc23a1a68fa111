"""Rows dealt into parts of like classes, no group in two of them."""

import warnings
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

from headstart.cache.runtime.errors import UserError
from headstart.cache.task import Task

MOST_STRATIFIED = 10_000
"""So many groups are dealt one by one, in a second; of more, chance alone gives each part its share of classes."""

Rows = Int[np.ndarray, " _"]


class Deal(NamedTuple):
    """Rows to be dealt, as scikit-learn does.

    Attributes:
        task: Kind and classes.
        labels: `[n]` or `[n, k]`, of all rows.
        seed: Seed of every shuffle.
        groups: `[n]`, number of each row's group; None where rows have none.
    """

    task: Task
    labels: Int[np.ndarray, " n *k"]
    seed: int
    groups: Int[np.ndarray, " n"] | None

    def most_parts(self, rows: Rows) -> int:
        """The most parts to deal some rows into: rows of the largest class, and groups."""
        most = len(rows) if self.task.several else int(np.bincount(self.labels[rows]).max())
        return most if self.groups is None else min(most, _count(self.groups[rows]))

    def parts(self, rows: Rows, count: int) -> list[Rows]:
        """Deal some rows: by StratifiedKFold, by KFold where a row can have several labels, or by those for groups.

        Raises:
            UserError: they, or their groups, are too few.
        """
        groups = None if self.groups is None else self.groups[rows]
        if groups is not None and (there := _count(groups)) < max(count, 2):
            raise UserError(
                f"{len(rows):,} rows in {there} group{'s' * (there != 1)} are too few to deal into "
                f"{max(count, 2)} parts that share no group; choose fewer --folds, or extract more groups"
            )
        try:
            with warnings.catch_warnings():
                # of a rare class: `train.data.folds.absent_lines` names it
                warnings.simplefilter("ignore", UserWarning)
                dealt = self._kind(count, groups).split(np.zeros(len(rows)), self.labels[rows], groups)
                return [rows[part] for _, part in dealt]
        except ValueError as error:
            raise UserError(f"{len(rows)} rows are too few to deal into {count} parts: {error}") from None

    def _kind(self, count: int, groups: Rows | None) -> Any:
        from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

        if groups is None:
            kind = KFold if self.task.several else StratifiedKFold
        else:
            whole = self.task.several or _count(groups) > MOST_STRATIFIED
            kind = GroupKFold if whole else StratifiedGroupKFold
        return kind(count, shuffle=True, random_state=self.seed)


def _count(groups: Rows) -> int:
    return len(np.unique(groups))
