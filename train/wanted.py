"""What the heads want of a split, and tables made of it."""

from typing import Any

import numpy as np
from jaxtyping import Int, Shaped

from train.batches import Features
from train.plan import Batching, eval_plan, train_plan
from train.table import Table


class Wanted:
    """What a feed needs to know beside the features.

    Args:
        tokens: hidden states are read.
        pooled: pooled vectors are read.
        batch_size: rows of a step.
        seeds: how many.
        batching: how training batches are formed.
    """

    def __init__(self, tokens: bool, pooled: bool, batch_size: int, seeds: int, batching: Batching) -> None:
        self.tokens, self.pooled = tokens, pooled
        self.batch_size, self.seeds, self.batching = batch_size, seeds, batching

    def train(self, lengths: Int[np.ndarray, " r"], epoch: int) -> Int[np.ndarray, "s n b"]:
        """Batches of an epoch, for each seed."""
        plans = [
            train_plan(lengths, self.batch_size, seed, epoch, self.batching) for seed in range(self.seeds)
        ]
        return np.stack(plans).astype(np.int32)

    def evaluate(self, lengths: Int[np.ndarray, " r"]) -> Int[np.ndarray, "s n b"]:
        """Batches of every row, the same for each seed."""
        plan = eval_plan(lengths, self.batch_size).astype(np.int32)
        return np.broadcast_to(plan, (self.seeds, *plan.shape))


def gathered(features: Features, rows: Int[np.ndarray, " r"] | None, wanted: Wanted) -> Table:
    """Some rows of a split as a table, or all of them without a copy."""
    lengths = features.lengths if rows is None else features.lengths[rows]
    starts = np.cumsum(lengths, dtype=np.int64) - lengths
    hidden = pooled = None
    if wanted.tokens:
        hidden = features.hidden if rows is None else tokens_of(features, rows)
    if wanted.pooled:
        pooled = features.pooled if rows is None else features.pooled[rows]
    labels = features.labels if rows is None else features.labels[rows]
    return Table(hidden, starts.astype(np.int32), lengths, pooled, labels.astype(np.float32))


def tokens_of(features: Features, rows: Int[np.ndarray, " r"]) -> Shaped[np.ndarray, "n d"]:
    """The tokens of some rows, one after another."""
    starts = np.cumsum(features.lengths, dtype=np.int64) - features.lengths
    lengths = features.lengths[rows]
    ends = np.cumsum(lengths, dtype=np.int64)
    places = np.arange(ends[-1]) - np.repeat(ends - lengths, lengths) + np.repeat(starts[rows], lengths)
    tokens: np.ndarray = np.take(features.hidden, places, axis=0, mode="clip")
    return tokens


def padded(table: Table, tokens: int, rows: int) -> Table:
    """A table of so many tokens and rows, whatever it holds: one shape is compiled once."""

    def full(part: Any, size: int) -> Any:
        return None if part is None else fill(part, size, value=1)

    return Table(full(table.hidden, tokens), *(full(part, rows) for part in table[1:]))


def fill(
    part: Shaped[np.ndarray, "..."], size: int, axis: int = 0, value: int = -1
) -> Shaped[np.ndarray, "..."]:
    """Lengthen one axis to `size`."""
    missing = size - part.shape[axis]
    if missing == 0:
        return part
    shape = (*part.shape[:axis], missing, *part.shape[axis + 1 :])
    return np.concatenate([part, np.full(shape, value, part.dtype)], axis=axis)
