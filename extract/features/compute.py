"""Run a block's batches through the backbone, pool, and put the rows back in order."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

import numpy as np
from jaxtyping import Float, Int

from headstart.cache.block import Block
from headstart.cache.ragged import row_starts, token_places
from headstart.cache.recipe import LAYOUTS
from headstart.cache.runtime.errors import UserError
from headstart.cache.splits import view_number
from headstart.extract.backbone.distilbert import Backbone, Inputs, States
from headstart.extract.features.blocks import BlockPlan
from headstart.extract.features.packing import PackedBatch
from headstart.extract.features.places import place_rows
from headstart.extract.text.tokenizer import Tokens

Started = TypeVar("Started")


class TokenizedRows(NamedTuple):
    """All used rows, as the backbone reads and a block stores them.

    Attributes:
        tokens: Token ids and cleaned texts of b rows.
        labels: Class of each row, `[b]`, or 0 or 1 for each class, `[b, k]`, int32.
        positions: Position of each row in the data file, `[b]` int64.
        groups: Number of each row's group, `[b]` int64; None where rows have no groups.
    """

    tokens: Tokens
    labels: Int[np.ndarray, " b *k"]
    positions: Int[np.ndarray, " b"]
    groups: Int[np.ndarray, " b"] | None = None


def compute_block(
    backbone: Backbone,
    plan: BlockPlan,
    rows: TokenizedRows,
    layout: str,
    on_batch: Callable[[int], None] = lambda tokens: None,
) -> Block:
    """Compute one block; its padding is part of the result only in the layout `padded`.

    Args:
        backbone: The frozen model.
        plan: The block's rows and batches.
        rows: All used rows.
        layout: Name of the layout; where it stores no hidden states, none are kept beyond their batch.
        on_batch: Takes the number of real tokens after each batch.

    Raises:
        UserError: a hidden state is not finite.
    """
    stored, chosen, tokens = stored_lengths(plan, layout), plan.block.rows, rows.tokens
    features = _Features(backbone, stored, "hidden" in LAYOUTS[layout])

    def start(batch: PackedBatch) -> tuple[States, Int[np.ndarray, " r"]]:
        inputs, slots = inputs_of(backbone, batch, plan, rows, layout)
        return backbone.run(inputs), slots

    for batch, running in run_ahead(plan.batches, start):
        features.store(batch, *running)
        del running  # else three batches would lie on the device while the next one is started
        on_batch(int(plan.lengths[batch.rows].sum()))
    features.require_finite()
    hidden = features.hidden
    if hidden is not None and layout == "padded":
        hidden = hidden.reshape(len(chosen), -1, backbone.width)
    texts = tokens.texts[token_places(tokens.text_starts[chosen], tokens.text_lengths[chosen])]
    groups = None if rows.groups is None else rows.groups[chosen]
    labels, positions = rows.labels[chosen], rows.positions[chosen]
    pooled, layers = features.pooled, features.layers
    return Block(hidden, plan.lengths, labels, positions, pooled, texts, layers, groups)


class _Features:
    """The vectors of a block, which come batch by batch.

    Args:
        backbone: The frozen model.
        stored: Hidden states of each row that are stored and pooled.
        tokens: Whether hidden states are kept beyond their batch.
    """

    def __init__(self, backbone: Backbone, stored: Int[np.ndarray, " b"], tokens: bool) -> None:
        count, width, dtype = len(stored), backbone.width, backbone.storage_dtype
        self._stored, states = stored, len(backbone.layers)
        self.hidden = np.empty((stored.sum(), width), dtype) if tokens else None
        layers = np.empty((count, states, 3, width), dtype)
        self.layers = layers if states else None
        self._pools = not backbone.pools_last
        self.pooled = np.empty((count, 3, width), dtype) if self._pools else layers[:, -1]

    def store(self, batch: PackedBatch, states: States, slots: Int[np.ndarray, " r"]) -> None:
        """Wait for a batch and copy the vectors of each row to their places."""
        lengths = self._stored[batch.rows]
        if self.layers is not None:
            self.layers[batch.rows] = _host(states.layers, 3)[slots]
        if self.hidden is None and not self._pools:
            return
        values = _host(states.hidden, 1)[token_places(batch.places, lengths)]
        if self.hidden is not None:
            self.hidden[token_places(row_starts(self._stored)[batch.rows], lengths)] = values
        if self._pools:
            self.pooled[batch.rows] = pool_rows(values, lengths)

    def require_finite(self) -> None:
        """Raise `UserError` unless all vectors are finite; a mean is only if each of its tokens is."""
        for vectors in (self.pooled if self._pools else None, self.layers):
            if vectors is not None and not np.isfinite(vectors).all():
                raise UserError(
                    f"the backbone gave hidden states that {vectors.dtype.name} cannot hold; try `--dtype bfloat16`"
                )


def run_ahead(
    batches: Iterable[PackedBatch], start: Callable[[PackedBatch], Started]
) -> Iterator[tuple[PackedBatch, Started]]:
    """Yield each batch once the next is started: the device computes while the host copies."""
    running: list[tuple[PackedBatch, Started]] = []
    for batch in batches:
        running.append((batch, start(batch)))
        if len(running) > 1:
            yield running.pop(0)
    yield from running


def stored_lengths(plan: BlockPlan, layout: str) -> Int[np.ndarray, " b"]:
    """Number of each row's hidden states that are stored and pooled: its real tokens, or its whole sequence."""
    if layout != "padded":
        return plan.lengths
    # A padded layout has sequences of one length.
    return np.full_like(plan.lengths, plan.batches[0].length)


def inputs_of(
    backbone: Backbone, batch: PackedBatch, plan: BlockPlan, rows: TokenizedRows, layout: str
) -> tuple[Inputs, Int[np.ndarray, " r"]]:
    """A batch as the backbone takes it; where it pools layers, with its rows' places, and their order there."""
    inputs = gather(batch, plan, rows)
    if not backbone.layers:
        return inputs, np.zeros(0, np.int64)
    lengths = stored_lengths(plan, layout)[batch.rows]
    places, slots = place_rows(batch, lengths, len(backbone.devices), batch.slots)
    return inputs._replace(starts=places.starts, lengths=places.lengths), slots


def gather(batch: PackedBatch, plan: BlockPlan, rows: TokenizedRows) -> Inputs:
    """Lay a batch's rows into its sequences; padding is in segment 0."""
    lengths, tokens = plan.lengths[batch.rows], rows.tokens
    places = token_places(batch.places, lengths)
    ids, segments, positions = np.zeros((3, batch.height, batch.length), np.int32)
    ids.fill(tokens.padding)
    inputs = Inputs(ids, segments, positions, _noise(batch, plan, rows))
    inputs.ids.reshape(-1)[places] = tokens.ids[
        token_places(tokens.starts[plan.block.rows[batch.rows]], lengths)
    ]
    inputs.positions.reshape(-1)[places] = token_places(np.zeros_like(batch.places), lengths)
    inputs.segments.reshape(-1)[places] = np.repeat(_segments(batch), lengths)
    return inputs


def _noise(batch: PackedBatch, plan: BlockPlan, rows: TokenizedRows) -> Int[np.ndarray, "r 2"] | None:
    """View and row of each sequence, on which its dropout depends; None where the split is no view."""
    if not (view := view_number(plan.block.split)):
        return None
    noise = np.zeros((batch.height, 2), np.int32)
    noise[:, 0] = view
    noise[batch.places // batch.length, 1] = rows.positions[plan.block.rows[batch.rows]]
    return noise


def _segments(batch: PackedBatch) -> Int[np.ndarray, " r"]:
    """Return a number for each row that no other row of its sequence has; they start at 1."""
    sequences = batch.places // batch.length
    return np.arange(1, 1 + len(sequences)) - np.searchsorted(sequences, sequences)


def _host(array: Any, axes: int) -> np.ndarray:
    """Copy an array from the devices and join all but its last axes: the devices' shares, token after token."""
    values = np.asarray(array)
    return values.reshape(-1, *values.shape[-axes:])


def pool_rows(hidden: Float[np.ndarray, "n d"], lengths: Int[np.ndarray, " b"]) -> Float[np.ndarray, "b 3 d"]:
    """Pool each of the rows, whose hidden states stand one after another.

    Args:
        hidden: Hidden states; row i starts at `lengths[:i].sum()`.
        lengths: Tokens of each row, at least 1.

    Returns:
        First, maximum and mean vector of each row in the dtype of `hidden`; means are taken in float32.
    """
    pooled = np.empty((len(lengths), 3, hidden.shape[1]), np.float32)
    values = hidden.astype(np.float32)
    start = 0
    # What is not finite stays so, and the caller looks for it.
    with np.errstate(invalid="ignore"):
        # One row after the other, from the CPU's cache: reduceat gave the same numbers in 1.7 times the time.
        for length, (first, highest, mean) in zip(lengths.tolist(), pooled, strict=True):
            row = values[start : start + length]
            start += length
            first[:] = row[0]
            row.max(axis=0, out=highest)
            row.sum(axis=0, out=mean)
    pooled[:, 2] /= lengths[:, None].astype(np.float32)
    return pooled.astype(hidden.dtype)
