"""Training as one would write it first: padded batches of one head, step by step; the tests compare with it."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Float, Float32, Int, PyTree

from headstart.train.data.split import Split
from headstart.train.engine.adam import ADAM, TrainState
from headstart.train.engine.loss import Metrics, Sums, add, batch_sums, divide, zero_sums
from headstart.train.feeds.sampler import epoch_order


class Batch(NamedTuple):
    """Rows that go through a step together; a pytree.

    Attributes:
        hidden: hidden states in their storage type, zero at padding; None if the head reads no tokens.
        mask: True at real tokens; None with `hidden`.
        pooled: first, maximum and mean vector, in their storage type.
        labels: see `train.engine.loss.Labels`.
        weights: 1, or 0 for a row that only fills up the batch.
    """

    hidden: Float[Array | np.ndarray, "b t d"] | None
    mask: Bool[Array | np.ndarray, "b t"] | None
    pooled: Float[Array | np.ndarray, "b 3 d"]
    labels: Float32[Array | np.ndarray, " b *k"]
    weights: Float32[Array | np.ndarray, " b"]


Apply = Callable[[PyTree, Batch], Float[Array, "b k"]]
"""A head: `(params, batch) -> logits`. Steps are compiled anew for every such function: build it once."""


def train_batches(
    features: Split, batch_size: int, seed: int, epoch: int, tokens: bool = True
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


def eval_batches(features: Split, batch_size: int, tokens: bool = True) -> Iterator[Batch]:
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
    features: Split, rows: Int[np.ndarray, " b"], weights: Float32[np.ndarray, " b"], tokens: bool
) -> Batch:
    """The batch of these rows; `features.hidden` is not touched unless `tokens`."""
    hidden, mask = pad_rows(features.hidden, features.lengths, rows) if tokens else (None, None)
    return Batch(hidden, mask, features.pooled[rows], features.labels[rows].astype(np.float32), weights)


def train_epoch(
    apply: Apply, state: TrainState, batches: Iterable[Batch], lr: float
) -> tuple[TrainState, Sums]:
    """Take a step for each batch.

    Returns:
        The state after the last, and sums over all rows, each as the parameters of its step saw it.
    """
    sums, rate = zero_sums(), jnp.float32(lr)
    for batch in batches:
        state, step_sums = train_step(apply, state, batch, rate)
        sums = add(sums, step_sums)
    return state, sums


def eval_epoch(apply: Apply, params: PyTree, batches: Iterable[Batch]) -> Sums:
    """Sums over all rows with the same parameters."""
    sums = zero_sums()
    for batch in batches:
        sums = add(sums, eval_step(apply, params, batch))
    return sums


def evaluate(
    apply: Apply, params: PyTree, features: Split, batch_size: int = 128, tokens: bool = True
) -> Metrics:
    """Loss and accuracy over all rows of a split. Call it once on test, after all choices are made."""
    return divide(eval_epoch(apply, params, eval_batches(features, batch_size, tokens)))


def predict_logits(
    apply: Apply, params: PyTree, features: Split, batch_size: int = 128, tokens: bool = True
) -> Float32[np.ndarray, "b k"]:
    """Logits of each row of a split, in the split's order."""
    batches = eval_batches(features, batch_size, tokens)
    parts = [logits_step(apply, params, batch) for batch in batches]
    return np.concatenate(jax.device_get(parts))[: len(features.labels)]


# Every padded length is compiled anew, and of 128 random rows one is nearly always long: Wikipedia comments
# come out at 150 whatever the buckets, tweets at 98 on average with multiples of 32 (4 shapes), at 92 with
# multiples of 16 (7 shapes), at 150 with none (1 shape).
BUCKET = 32


def bucket_length(longest: int, limit: int) -> int:
    """Smallest multiple of `BUCKET` that holds `longest` tokens, but never more than `limit`."""
    return min(-(-longest // BUCKET) * BUCKET, limit)


def pad_rows(
    hidden: Float[np.ndarray, "n d"], lengths: Int[np.ndarray, " r"], rows: Int[np.ndarray, " b"]
) -> tuple[Float[np.ndarray, "b t d"], Bool[np.ndarray, "b t"]]:
    """Gather some rows' tokens, filled up with zeros to a common length.

    Args:
        hidden: all rows' tokens, row after row; any float type, which stays.
        lengths: tokens of every row, all at least 1.
        rows: which rows, in the order wanted; a row may be asked for more than once.

    Returns:
        The tokens, and a mask that is True where they are real; t is a `bucket_length`.
    """
    starts = np.cumsum(lengths, dtype=np.int64) - lengths
    span = np.arange(bucket_length(int(lengths[rows].max()), int(lengths.max())))
    mask = span < lengths[rows, None]
    # mode="clip" skips the bounds check, a quarter of the time; where() keeps padding inside the array
    padded = np.take(hidden, np.where(mask, starts[rows, None] + span, 0), axis=0, mode="clip")
    padded[~mask] = 0
    return padded, mask


def mean_loss(params: PyTree, apply: Apply, batch: Batch) -> tuple[Float[Array, ""], Sums]:
    """Mean loss over the rows of weight 1, which training makes small, and the sums it is made of."""
    sums = batch_sums(apply(params, batch), batch.labels, batch.weights)
    return sums.loss / sums.rows, sums


@jax.jit(static_argnums=0)
def train_step(
    apply: Apply, state: TrainState, batch: Batch, lr: Float[Array, ""]
) -> tuple[TrainState, Sums]:
    """Take one Adam step.

    Args:
        apply: the head.
        state: is not donated, so the parameters of earlier epochs stay valid.
        batch: at least one row has weight 1.
        lr: traced, so that a cut of the rate does not compile anew.

    Returns:
        The next state, and the sums over the batch as the old parameters saw it.
    """
    gradient, sums = jax.grad(mean_loss, has_aux=True)(state.params, apply, batch)
    direction, moments = ADAM.update(gradient, state.moments)
    params = jax.tree.map(lambda param, towards: param - lr * towards, state.params, direction)
    return TrainState(params, moments), sums


@jax.jit(static_argnums=0)
def eval_step(apply: Apply, params: PyTree, batch: Batch) -> Sums:
    """Sums over a batch."""
    return batch_sums(apply(params, batch), batch.labels, batch.weights)


@jax.jit(static_argnums=0)
def logits_step(apply: Apply, params: PyTree, batch: Batch) -> Float[Array, "b k"]:
    """Logits of each row, those of weight 0 included."""
    return apply(params, batch)
