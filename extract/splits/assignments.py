"""What the data say of splits: a column or a file names each row's split, a column its group."""

import hashlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Int, UInt8

from headstart.cache.runtime.errors import UserError
from headstart.cache.splits import SPLITS
from headstart.extract.dataset.class_names import one_spelling
from headstart.extract.dataset.dataset import Dataset

NAMES = {"train": "train", "valid": "valid", "validation": "valid", "dev": "valid", "test": "test"}
FEWEST_GROUPS = 6  # scikit-learn's two steps leave one for each split


def splits_by_column(dataset: Dataset, name: str) -> UInt8[np.ndarray, " b"]:
    """Number of each row's split, in the order train, valid, test, as a column says it.

    Raises:
        UserError: the column holds something else; names the row.
    """
    column = dataset.others[name]
    splits = [NAMES.get(value.strip().lower()) for value in column.names]
    if None in splits:
        code = splits.index(None)
        row, value = _first_row(dataset, name, code), column.names[code]
        raise UserError(
            f"the split column {name!r} holds {value[:50]!r} in data row {row} (the first is 1); "
            f"wanted: {', '.join(NAMES)}"
        )
    return _numbers_of(list(map(str, splits)), column.codes)


def splits_by_file(dataset: Dataset, first: int, extra: Sequence[str]) -> UInt8[np.ndarray, " b"]:
    """Number of each row's split, as its file says it.

    Args:
        dataset: Rows of several files.
        first: Number of files with training rows; the others come after them.
        extra: The split of each other file.
    """
    return _numbers_of(["train"] * first + list(extra), dataset.source)


def _numbers_of(splits: Sequence[str], places: Int[np.ndarray, " b"]) -> UInt8[np.ndarray, " b"]:
    """Number of the split at each place."""
    numbers = np.array([SPLITS.index(name) for name in splits], np.uint8)
    return np.asarray(numbers[places])


def groups_by_column(dataset: Dataset, name: str) -> Int[np.ndarray, " b"]:
    """Number of each row's group, in the order of their first appearance; 1 and 1.0 are one group.

    Raises:
        UserError: a row has none, or there are too few to split.
    """
    column = dataset.others[name]
    for code, value in enumerate(column.names):
        if not value.strip():
            raise UserError(
                f"the group column {name!r} is empty in data row {_first_row(dataset, name, code)} (the first is 1); "
                "every row needs a group"
            )
    places: dict[str, int] = {}
    groups = [places.setdefault(name, len(places)) for name in one_spelling(column.names).values()]
    codes = np.array(groups, np.int32)[column.codes]
    _, firsts, numbers = np.unique(codes, return_index=True, return_inverse=True)
    if len(firsts) < FEWEST_GROUPS:
        raise UserError(
            f"the group column {name!r} holds {len(firsts)} groups; at least {FEWEST_GROUPS} are needed to deal them"
        )
    order: np.ndarray = firsts.argsort().argsort()[numbers]
    return order.astype(np.int64)


def _first_row(dataset: Dataset, name: str, code: int) -> int:
    """Number of the first data row, counted from 1, that has a cell of this code in a column."""
    return int(dataset.rows[np.flatnonzero(dataset.others[name].codes == code)[0]]) + 1


def digest(numbers: np.ndarray) -> str:
    """SHA-256 of small numbers, one for each row: two assignments never share it."""
    return hashlib.sha256(numbers.astype("<i8").tobytes()).hexdigest()
