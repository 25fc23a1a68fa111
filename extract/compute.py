"""Run a block's batches through the backbone and put the rows back in order."""

from collections.abc import Callable

import numpy as np
from jax import Array
from jaxtyping import Float, Int

from cache.block import Block
from cache.errors import UserError
from cache.layout import LAYOUTS
from extract.backbone import Backbone, Inputs
from extract.batches import Batch
from extract.plan import BlockPlan
from extract.pooling import pool_rows
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
    layout: str,
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
        layout: where it stores no hidden states, none are kept beyond their batch.

    Raises:
        UserError: a hidden state is not finite.
    """
    hidden = np.empty((plan.tokens, width), dtype) if "hidden" in LAYOUTS[layout] else None
    pooled = np.empty((len(plan.rows), 3, width), dtype)
    running: list[tuple[Batch, Array]] = []
    for batch in plan.batches:
        running.append((batch, backbone.run(gather(batch, plan, tokens))))
        if len(running) > 1:  # one batch ahead: the device computes while the host copies
            on_batch(_store(*running.pop(0), plan.lengths, hidden, pooled))
    while running:
        on_batch(_store(*running.pop(0), plan.lengths, hidden, pooled))
    if not np.isfinite(pooled).all():  # a mean is finite only if each of its tokens is
        raise UserError(
            f"the backbone gave hidden states that {dtype.name} cannot hold; try `--dtype bfloat16`"
        )
    texts = tokens.texts[_ranges(tokens.text_starts[plan.rows], tokens.text_lengths[plan.rows])]
    return Block(hidden, plan.lengths, rows.labels[plan.rows], rows.rows[plan.rows], pooled, texts)


def gather(batch: Batch, plan: BlockPlan, tokens: Tokens) -> Inputs:
    """Lay a batch's rows into its sequences; padding is token 0 of segment 0."""
    lengths = plan.lengths[batch.rows]
    places = _ranges(batch.places, lengths)
    inputs = Inputs(*np.zeros((3, batch.height, batch.length), np.int32))
    inputs.ids.reshape(-1)[places] = tokens.ids[_ranges(tokens.starts[plan.rows[batch.rows]], lengths)]
    inputs.positions.reshape(-1)[places] = _ranges(np.zeros_like(batch.places), lengths)
    inputs.segments.reshape(-1)[places] = np.repeat(_segments(batch), lengths)
    return inputs


def _segments(batch: Batch) -> Int[np.ndarray, " r"]:
    """Return a number for each row that no other row of its sequence has; they start at 1."""
    sequences = batch.places // batch.length
    return np.arange(1, 1 + len(sequences)) - np.searchsorted(sequences, sequences)


def _store(
    batch: Batch, running: Array, lengths: np.ndarray, hidden: np.ndarray | None, pooled: np.ndarray
) -> int:
    """Wait for a batch and copy its real tokens to their places; returns their number."""
    own = lengths[batch.rows]
    values = _host(running)[_ranges(batch.places, own)]
    if hidden is not None:
        starts = np.cumsum(lengths, dtype=np.int64) - lengths
        hidden[_ranges(starts[batch.rows], own)] = values
    pooled[batch.rows] = pool_rows(values, own)
    return len(values)


def _host(array: Float[Array, "devices b t d"]) -> Float[np.ndarray, "n d"]:
    """Copy an array from the devices and join the devices' shares, token after token."""
    values = np.asarray(array)
    return values.reshape(-1, values.shape[-1])


def _ranges(starts: Int[np.ndarray, " r"], lengths: Int[np.ndarray, " r"]) -> Int[np.ndarray, " n"]:
    """Concatenate `arange(start, start + length)` of all pairs."""
    ends = np.cumsum(lengths, dtype=np.int64)
    return np.repeat(starts - (ends - lengths), lengths) + np.arange(ends[-1])
