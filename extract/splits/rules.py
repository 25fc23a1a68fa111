"""Split rows into train, valid and test: by the notebook's shuffle, by content, or by groups."""

import hashlib
import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Int, UInt8

from headstart.cache.splits import SPLITS

TENTHS = {"train": range(8), "valid": range(8, 9), "test": range(9, 10)}
FEWEST_OF_A_STRATUM = 10  # rows: with fewer, a tenth of them is no row

Splits = dict[str, Int[np.ndarray, " _"]]
"""Positions of each split's rows, by the split's name."""


def split_at_random(count: int, seed: int, strata: Int[np.ndarray, " b"] | None = None) -> Splits:
    """Split so many rows 80 : 10 : 10 in scikit-learn's two steps, as the notebook does.

    Args:
        count: Number of rows, b.
        seed: Seed of both steps.
        strata: Stratum of each row; each split gets its share of every one. None shuffles all rows alike.
    """
    train, rest = split_in_two(np.arange(count), 0.2, seed, strata)
    valid, test = split_in_two(rest, 0.5, seed, None if strata is None else strata[rest])
    return {"train": train, "valid": valid, "test": test}


def split_in_two(
    rows: Int[np.ndarray, " n"], fraction: float, seed: int, strata: Int[np.ndarray, " n"] | None
) -> list[Int[np.ndarray, " _"]]:
    """Split some rows in two, of which the second gets a fraction, see `split_at_random`."""
    if strata is None:  # scikit-learn's own rule: loading it takes longer than all else before the backbone
        order, second = np.random.RandomState(seed).permutation(len(rows)), math.ceil(fraction * len(rows))
        return [rows[order[second:]], rows[order[:second]]]
    from sklearn.model_selection import train_test_split

    return list(train_test_split(rows, test_size=fraction, random_state=seed, stratify=strata))


def with_every_class(splits: Splits, labels: Int[np.ndarray, " b *k"], drawn: Sequence[str]) -> Splits:
    """Splits of which train has a row of each class that a drawn split has, as far as it has rows to give for them.

    Chance may leave a class of few rows out of train. Each is then swapped, in the order of the classes, for a row of
    the class that train has most of; splits that lack none stay as they are.

    Args:
        splits: Positions of each split's rows.
        labels: Labels of all rows.
        drawn: The splits that rows may be taken from.
    """
    filled = {name: rows.copy() for name, rows in splits.items()}
    train = filled["train"]
    for number in range(int(labels.max(initial=0)) + 1 if labels.ndim == 1 else labels.shape[1]):
        if len(_places(labels, train, number)):
            continue
        places = {name: _places(labels, filled[name], number) for name in drawn}
        name = max(drawn, key=lambda name: len(places[name]))
        spare = _rows_alike(labels[train])
        if len(places[name]) and spare.max() > 1:
            here, there = int(spare.argmax()), int(places[name][0])
            train[here], filled[name][there] = filled[name][there], train[here]
    return filled


def _places(
    labels: Int[np.ndarray, " b *k"], rows: Int[np.ndarray, " n"], number: int
) -> Int[np.ndarray, " _"]:
    """Places of the rows of a class among some rows."""
    return np.flatnonzero(labels[rows] == number if labels.ndim == 1 else labels[rows, number])


def _rows_alike(labels: Int[np.ndarray, " n *k"]) -> Int[np.ndarray, " n"]:
    """How many rows the rarest class of each row has; one without any label stands for all."""
    if labels.ndim == 1:
        return np.asarray(np.bincount(labels)[labels])
    return np.asarray(np.where(labels == 1, labels.sum(axis=0), len(labels)).min(axis=1))


def split_by_content(texts: Sequence[str], seed: int) -> Splits:
    """Split rows by their texts alone, about 80 : 10 : 10, in file order.

    Rows that are appended to the file move no other row, and equal texts never part.
    """
    tenths = np.fromiter((_tenth(text, seed) for text in texts), np.int64, len(texts))
    return {name: np.flatnonzero(np.isin(tenths, list(chosen))) for name, chosen in TENTHS.items()}


def _tenth(text: str, seed: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{text}".encode()).digest()[:8]) % 10


def split_by_groups(groups: Int[np.ndarray, " b"], seed: int) -> Splits:
    """Split groups about 80 : 10 : 10, as scikit-learn does; how many rows that gives depends on their sizes."""
    from sklearn.model_selection import GroupShuffleSplit

    def in_two(rows: np.ndarray, fraction: float) -> list[np.ndarray]:
        shuffle = GroupShuffleSplit(1, test_size=fraction, random_state=seed)
        return [rows[places] for places in next(shuffle.split(rows, groups=groups[rows]))]

    train, rest = in_two(np.arange(len(groups)), 0.2)
    valid, test = in_two(rest, 0.5)
    return {"train": train, "valid": valid, "test": test}


def split_by_number(numbers: UInt8[np.ndarray, " b"]) -> Splits:
    """Split rows whose splits are numbered train, valid, test; each in file order."""
    return {name: np.flatnonzero(numbers == number) for number, name in enumerate(SPLITS)}


def strata_of(labels: Int[np.ndarray, " b *k"]) -> Int[np.ndarray, " b"]:
    """Number of each row's stratum: its class, or its combination of labels.

    Those of fewer than 10 rows are pooled into one, and this joins the largest other one if it is still too small.
    So every stratum can be split 80 : 10 : 10, but a pooled class may miss a split.
    """
    _, numbers, counts = np.unique(labels, axis=0, return_inverse=True, return_counts=True)
    strata: np.ndarray = numbers.reshape(-1)
    small = counts < FEWEST_OF_A_STRATUM
    large = np.flatnonzero(~small)
    pooled = counts[small].sum()
    if 0 < pooled < FEWEST_OF_A_STRATUM and len(large):
        strata = np.where(small[strata], large[counts[large].argmax()], strata)
    elif pooled:
        strata = np.where(small[strata], len(counts), strata)
    return strata.astype(np.int64)
