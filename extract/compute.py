"""Run a block's batches through the backbone and put the rows back in order."""

from collections.abc import Callable

import numpy as np
from jax import Array
from jaxtyping import Bool, Float, Int

from cache.block import Block
from cache.errors import UserError
from extract.backbone import Backbone, Features
from extract.batches import Batch
from extract.plan import BlockPlan
from extract.rows import Rows
from extract.tokens import Tokens


def compute_block(
    backbone: Backbone,
    plan: BlockPlan,
    tokens: Tokens,
    rows: Rows,
    width: int,
    dtype: np.dtype,
    on_batch: Callable[[int], None],
) -> Block:
    """Compute one block; its padding is never part of the result.

    Args:
        backbone: the frozen model.
        plan: the block's rows and batches.
        tokens: token ids of all used rows.
        rows: all used rows.
        width: length of a hidden vector.
        dtype: storage dtype.
        on_batch: told the number of real tokens after each batch.

    Raises:
        UserError: a hidden state is not finite.
    """
    hidden = np.empty((plan.tokens, width), dtype)
    pooled = np.empty((len(plan.rows), 3, width), dtype)
    running: list[tuple[Batch, Features]] = []
    for batch in plan.batches:
        running.append((batch, backbone.run(*gather(batch, plan, tokens))))
        if len(running) > 1:  # one batch ahead: the device computes while the host copies
            on_batch(_store(*running.pop(0), plan.lengths, hidden, pooled))
    while running:
        on_batch(_store(*running.pop(0), plan.lengths, hidden, pooled))
    if not np.isfinite(pooled).all():  # a mean is finite only if each of its tokens is
        raise UserError(
            f"the backbone gave hidden states that {dtype.name} cannot hold; try `--dtype bfloat16`"
        )
    return Block(hidden, plan.lengths, rows.labels[plan.rows], rows.rows[plan.rows], pooled)


def gather(
    batch: Batch, plan: BlockPlan, tokens: Tokens
) -> tuple[Int[np.ndarray, "r t"], Int[np.ndarray, " r"]]:
    """Pad a batch's rows to its length, and fill it up to its height with rows of one token."""
    ids = np.zeros((batch.height, batch.length), np.int32)
    lengths = np.ones(batch.height, np.int32)
    lengths[: len(batch.rows)] = plan.lengths[batch.rows]
    mask = _mask(lengths, batch.length)[: len(batch.rows)]
    starts = tokens.starts[plan.rows[batch.rows]]
    ids[: len(batch.rows)][mask] = tokens.ids[(starts[:, None] + np.arange(batch.length))[mask]]
    return ids, lengths


def _store(
    batch: Batch, features: Features, lengths: np.ndarray, hidden: np.ndarray, pooled: np.ndarray
) -> int:
    """Wait for a batch and copy its real tokens to their places; returns their number."""
    filled = len(batch.rows)
    own = lengths[batch.rows]
    mask = _mask(own, batch.length)
    starts = (np.cumsum(lengths, dtype=np.int64) - lengths)[batch.rows]
    places = (starts[:, None] + np.arange(batch.length))[mask]
    hidden[places] = _host(features.hidden)[:filled][mask]
    pooled[batch.rows] = _host(features.pooled)[:filled]
    return int(own.sum())


def _host(array: Float[Array, "devices b ..."]) -> Float[np.ndarray, "r ..."]:
    """Copy an array from the devices and join the devices' shares."""
    values = np.asarray(array)
    return values.reshape(-1, *values.shape[2:])


def _mask(lengths: Int[np.ndarray, " r"], length: int) -> Bool[np.ndarray, "r t"]:
    return np.arange(length) < lengths[:, None]
