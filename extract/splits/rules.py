"""Split rows into train, valid and test: by the notebook's shuffle, or by content."""

import hashlib
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from headstart.cache.runtime.errors import UserError

MIN_ROWS = 10  # the fewest that leave a row for each split

TENTHS = {"train": range(8), "valid": range(8, 9), "test": range(9, 10)}


Splits = dict[str, Int[np.ndarray, " _"]]


def deal_as_notebook(texts: Sequence[str], seed: int) -> Splits:
    """Return the row positions of each split: 80 % train, 10 % valid, 10 % test, shuffled, not stratified."""
    return deal_twice(len(texts), seed)


def deal_twice(count: int, seed: int, strata: Int[np.ndarray, " b"] | None = None) -> Splits:
    """Deal 80 : 10 : 10 in scikit-learn's two steps.

    Args:
        count: how many rows there are.
        seed: of both steps.
        strata: of each row; each split gets its share of every one. None shuffles all rows alike.
    """
    train, rest = deal_part(np.arange(count), 0.2, seed, strata)
    valid, test = deal_part(rest, 0.5, seed, None if strata is None else strata[rest])
    return {"train": train, "valid": valid, "test": test}


def deal_part(
    rows: Int[np.ndarray, " n"], share: float, seed: int, strata: Int[np.ndarray, " n"] | None
) -> list[Int[np.ndarray, " _"]]:
    """Part some rows in two, of which the second gets a share, see `deal_twice`."""
    if strata is None:  # scikit-learn's own rule: loading it takes longer than all else before the backbone
        order, second = np.random.RandomState(seed).permutation(len(rows)), math.ceil(share * len(rows))
        return [rows[order[second:]], rows[order[:second]]]
    from sklearn.model_selection import train_test_split

    return list(train_test_split(rows, test_size=share, random_state=seed, stratify=strata))


def deal_stably(texts: Sequence[str], seed: int) -> Splits:
    """Deal each row by its text alone, about 80 : 10 : 10, in file order.

    Rows that are appended to the file move no other row, and equal texts never part.
    """
    tenths = np.fromiter((_tenth(text, seed) for text in texts), np.int64, len(texts))
    return {name: np.flatnonzero(np.isin(tenths, list(own))) for name, own in TENTHS.items()}


class Rule(NamedTuple):
    """A way to deal rows.

    Attributes:
        deal: texts and seed to the positions of each split's rows.
        description: what the recipe says.
        grows: appended rows leave the others where they are.
    """

    deal: Callable[[Sequence[str], int], Splits]
    description: str
    grows: bool


RULES = {
    "notebook": Rule(deal_as_notebook, "scikit-learn train_test_split 0.2, then 0.5, same seed", grows=False),
    "stable": Rule(deal_stably, "first 8 bytes of SHA-256 of seed:text, modulo 10: 0-7, 8, 9", grows=True),
}


def split_rows(texts: Sequence[str], seed: int, rule: str = "notebook") -> Splits:
    """Return the row positions of each split.

    Args:
        texts: the raw texts of all used rows.
        seed: of the rule.
        rule: a key of `RULES`.

    Raises:
        UserError: there are too few rows, or a split gets none.
    """
    require_enough(len(texts))
    return require_rows(RULES[rule].deal(texts, seed))


def require_enough(count: int) -> None:
    """Check that so many rows can be dealt.

    Raises:
        UserError: they are too few.
    """
    if count < MIN_ROWS:
        raise UserError(f"{count} rows are too few to split; at least {MIN_ROWS} are needed")


def require_rows(splits: Splits) -> Splits:
    """Return splits all of which have rows.

    Raises:
        UserError: one has none.
    """
    if empty := [name for name, rows in splits.items() if not len(rows)]:
        raise UserError(f"the split {empty[0]} gets no row; use more rows, or another --seed")
    return splits


def _tenth(text: str, seed: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{text}".encode()).digest()[:8]) % 10


FEWEST = 10  # rows of a stratum: with fewer, a tenth of them is no row


def strata_of(labels: Int[np.ndarray, " b *k"]) -> Int[np.ndarray, " b"]:
    """Number of each row's stratum: its class, or its combination of labels.

    Those of fewer than 10 rows are pooled into one, and this joins the largest other one if it is still too small.
    So every stratum can be dealt 80 : 10 : 10, but a pooled class may miss a split.
    """
    _, numbers, counts = np.unique(labels, axis=0, return_inverse=True, return_counts=True)
    strata: np.ndarray = numbers.reshape(-1)
    small = counts < FEWEST
    large = np.flatnonzero(~small)
    pooled = counts[small].sum()
    if 0 < pooled < FEWEST and len(large):
        strata = np.where(small[strata], large[counts[large].argmax()], strata)
    elif pooled:
        strata = np.where(small[strata], len(counts), strata)
    return strata.astype(np.int64)
