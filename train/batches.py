"""From cached features to the batches of an epoch."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jax import Array
from jaxtyping import Bool, Float, Float32, Int

from train.padding import pad_rows


@runtime_checkable
class Features(Protocol):
    """One split of a feature cache; each array is read only if something asks for it."""

    @property
    def hidden(self) -> Float[np.ndarray, "n d"]:
        """Hidden states of all real tokens, row after row."""

    @property
    def lengths(self) -> Int[np.ndarray, " b"]:
        """Tokens of each row, int32."""

    @property
    def labels(self) -> Int[np.ndarray, " b *k"]:
        """Class of each row, or 0 or 1 for each class, int32; see `cache.task`."""

    @property
    def pooled(self) -> Float[np.ndarray, "b 3 d"]:
        """First, maximum and mean vector of each row's tokens."""


class Batch(NamedTuple):
    """Rows that go through a step together; a pytree.

    Attributes:
        hidden: hidden states in their storage type, zero at padding; None if the head reads no tokens.
        mask: True at real tokens; None with `hidden`.
        pooled: first, maximum and mean vector, in their storage type.
        labels: see `train.loss.Labels`.
        weights: 1, or 0 for a row that only fills up the batch.
    """

    hidden: Float[Array | np.ndarray, "b t d"] | None
    mask: Bool[Array | np.ndarray, "b t"] | None
    pooled: Float[Array | np.ndarray, "b 3 d"]
    labels: Float32[Array | np.ndarray, " b *k"]
    weights: Float32[Array | np.ndarray, " b"]


def epoch_order(rows: int, seed: int, epoch: int) -> Int[np.ndarray, " b"]:
    """Order of the rows in an epoch; the same for every head, and whatever epochs ran before."""
    return np.random.default_rng([seed, epoch]).permutation(rows)


def train_batches(
    features: Features, batch_size: int, seed: int, epoch: int, tokens: bool = True
) -> Iterator[Batch]:
    """Shuffled batches of one epoch; rows of an incomplete last batch are left out, as in the notebook.

    Args:
        features: the training split.
        batch_size: rows of every batch; all rows if there are fewer.
        seed: of the order.
        epoch: counted from 1.
        tokens: gather `hidden` and `mask`, too.
    """
    order = epoch_order(len(features.labels), seed, epoch)
    size = min(batch_size, len(order))
    for start in range(0, len(order) - size + 1, size):
        yield gather(features, order[start : start + size], np.ones(size, np.float32), tokens)


def eval_batches(features: Features, batch_size: int, tokens: bool = True) -> Iterator[Batch]:
    """All rows once and in order; the last batch is filled up with rows of weight 0, so all have one size.

    Args:
        features: any split.
        batch_size: rows of every batch; all rows if there are fewer.
        tokens: gather `hidden` and `mask`, too.
    """
    rows = len(features.labels)
    size = min(batch_size, rows)
    for start in range(0, rows, max(size, 1)):
        positions = np.arange(start, start + size)
        # the last row again, not zeros: a row without tokens makes a mean NaN, and 0 * nan is nan
        yield gather(features, np.minimum(positions, rows - 1), (positions < rows).astype(np.float32), tokens)


def gather(
    features: Features, rows: Int[np.ndarray, " b"], weights: Float32[np.ndarray, " b"], tokens: bool
) -> Batch:
    """The batch of these rows; `features.hidden` is not touched unless `tokens`."""
    hidden, mask = pad_rows(features.hidden, features.lengths, rows) if tokens else (None, None)
    return Batch(hidden, mask, features.pooled[rows], features.labels[rows].astype(np.float32), weights)
