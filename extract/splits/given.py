"""Splits that the data give: a column that names them, or a file for each."""

import hashlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Int, UInt8

from headstart.cache.runtime.errors import UserError
from headstart.cache.splits import SPLITS
from headstart.extract.dataset.dataset import Rows
from headstart.extract.splits.rules import Splits, deal_part, require_enough, strata_of

NAMES = {"train": "train", "valid": "valid", "validation": "valid", "dev": "valid", "test": "test"}
Labels = Int[np.ndarray, " b *k"]
SHARE = 0.1  # of the training rows, for a split without a file


def from_column(rows: Rows, name: str) -> UInt8[np.ndarray, " b"]:
    """Number of each row's split, in the order train, valid, test, as a column says it.

    Raises:
        UserError: the column holds something else; names the row.
    """
    column = rows.others[name]
    known = [NAMES.get(value.strip().lower()) for value in column.names]
    if None in known:
        code = known.index(None)
        row = int(rows.rows[np.flatnonzero(column.codes == code)[0]])
        raise UserError(
            f"the split column {name!r} holds {column.names[code][:50]!r} in data row {row + 1} (the first is 1); "
            f"wanted: {', '.join(NAMES)}"
        )
    return _numbered(list(map(str, known)), column.codes)


def from_files(rows: Rows, first: int, extra: Sequence[str]) -> UInt8[np.ndarray, " b"]:
    """Number of each row's split, as its file says it.

    Args:
        rows: of several files.
        first: files of training rows; the others come after them.
        extra: the split of each other file.
    """
    assert rows.source is not None
    return _numbered(["train"] * first + list(extra), rows.source)


def splits_of(numbers: UInt8[np.ndarray, " b"]) -> Splits:
    """The rows of each split, in file order."""
    return {name: np.flatnonzero(numbers == number) for number, name in enumerate(SPLITS)}


def with_missing(splits: Splits, given: Sequence[str], seed: int, labels: Labels | None) -> Splits:
    """Deal the split that has no file of its own from the training rows, 90 : 10, as scikit-learn does.

    Args:
        splits: the rows of each file.
        given: splits with a file.
        seed: of the deal.
        labels: of all rows, to stratify by them; else None.

    Raises:
        UserError: there are too few training rows.
    """
    for name in [name for name in SPLITS[1:] if name not in given]:
        rows = splits["train"]
        require_enough(len(rows))
        strata = None if labels is None else strata_of(labels[rows])
        train, own = deal_part(rows, SHARE, seed, strata)
        splits = {**splits, "train": train, name: own}
    return splits


def digest(numbers: np.ndarray) -> str:
    """SHA-256 of small numbers, one for each row: two assignments never share it."""
    return hashlib.sha256(numbers.astype("<i8").tobytes()).hexdigest()


def _numbered(splits: Sequence[str], places: Int[np.ndarray, " b"]) -> UInt8[np.ndarray, " b"]:
    """Number of the split at each place."""
    numbers = np.array([SPLITS.index(name) for name in splits], np.uint8)
    return np.asarray(numbers[places])
