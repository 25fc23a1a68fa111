"""Rows that belong together, such as one author's, go to one split together."""

import numpy as np
from jaxtyping import Int

from headstart.cache.runtime.errors import UserError
from headstart.extract.dataset.dataset import Rows
from headstart.extract.splits.rules import Splits

FEWEST = 6  # groups: scikit-learn's two steps leave one for each split


def groups_of(rows: Rows, name: str) -> Int[np.ndarray, " b"]:
    """Number of each row's group, in the order of their first appearance.

    Raises:
        UserError: a row has none, or there are too few to deal.
    """
    column = rows.others[name]
    for code, value in enumerate(column.names):
        if not value.strip():
            row = int(rows.rows[np.flatnonzero(column.codes == code)[0]])
            raise UserError(
                f"the group column {name!r} is empty in data row {row + 1} (the first is 1); every row needs a group"
            )
    _, firsts, numbers = np.unique(column.codes, return_index=True, return_inverse=True)
    if len(firsts) < FEWEST:
        raise UserError(
            f"the group column {name!r} holds {len(firsts)} groups; at least {FEWEST} are needed to deal them"
        )
    return firsts.argsort().argsort()[numbers]


def deal_groups(groups: Int[np.ndarray, " b"], seed: int) -> Splits:
    """Deal groups about 80 : 10 : 10, as scikit-learn does; how many rows that gives depends on their sizes."""
    from sklearn.model_selection import GroupShuffleSplit

    def part(rows: np.ndarray, share: float) -> list[np.ndarray]:
        halves = GroupShuffleSplit(1, test_size=share, random_state=seed)
        return [rows[own] for own in next(halves.split(rows, groups=groups[rows]))]

    train, rest = part(np.arange(len(groups)), 0.2)
    valid, test = part(rest, 0.5)
    return {"train": train, "valid": valid, "test": test}
