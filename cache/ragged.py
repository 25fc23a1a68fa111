"""Rows of different lengths, which stand one after another without padding: where each row is."""

import numpy as np
from jaxtyping import Int, Shaped


def row_starts(lengths: Int[np.ndarray, " b"]) -> Int[np.ndarray, " b"]:
    """Position at which each row starts, int64."""
    starts: np.ndarray = np.cumsum(lengths, dtype=np.int64) - lengths
    return starts


def row_bounds(lengths: Int[np.ndarray, " b"]) -> Int[np.ndarray, " b+1"]:
    """Position at which each row starts, and at which the last one ends, int64."""
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def token_places(starts: Int[np.ndarray, " r"], lengths: Int[np.ndarray, " r"]) -> Int[np.ndarray, " m"]:
    """Positions of all tokens of rows that start anywhere: `arange(start, start + length)` of each, int64."""
    places: np.ndarray = np.repeat(starts - row_starts(lengths), lengths)
    places += np.arange(len(places))
    return places


def take_rows(
    hidden: Shaped[np.ndarray, "n d"], lengths: Int[np.ndarray, " b"], rows: Int[np.ndarray, " r"]
) -> Shaped[np.ndarray, "m d"]:
    """The tokens of some rows, one row after another.

    Args:
        hidden: tokens of all rows.
        lengths: tokens of each row.
        rows: positions of the rows to take, in any order.
    """
    places = token_places(row_starts(lengths)[rows], lengths[rows])
    tokens: np.ndarray = np.take(hidden, places, axis=0, mode="clip")
    return tokens


def split_rows(
    values: Shaped[np.ndarray, "n ..."], lengths: Int[np.ndarray, " b"]
) -> list[Shaped[np.ndarray, "_ ..."]]:
    """Views of the values of each row; of at least one row."""
    return np.split(values, np.cumsum(lengths)[:-1])
