"""What the heads need of a split, and tables made of it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, Float32, Int, Shaped

from headstart.cache.ragged import row_starts, take_rows
from headstart.train.data.split import Split
from headstart.train.feeds.sampler import FeedSpec, LayerViews

SPAN = 4096
"""Rows that are read at once, with all their layers, before the ones that are not asked for are left out."""


class Table(NamedTuple):
    """Rows that are on the device together; a pytree. Tokens are ragged: row i owns `lengths[i]` of them.

    Attributes:
        hidden: Tokens, in their storage type; None if no head reads tokens.
        starts: Where each row begins in `hidden`.
        lengths: Tokens of each row.
        pooled: First, maximum and mean vector of each row; None if no head reads them.
        labels: See `train.engine.loss.Labels`.
        layers: Pooled vectors of layers, see `train.feeds.sampler.LayerViews`; None if no head reads them.
        standard: Mean and scale of what `layers` holds, which are the training rows' in every table; None without them.
    """

    hidden: Float[Array | np.ndarray, "n d"] | None
    starts: Int[Array | np.ndarray, " r"]
    lengths: Int[Array | np.ndarray, " r"]
    pooled: Float[Array | np.ndarray, "r 3 d"] | None
    labels: Float32[Array | np.ndarray, " r *k"]
    layers: Float[Array | np.ndarray, "r m v d"] | None = None
    standard: Any = None


Place = Callable[[Table], Table]
"""Puts a table on the devices."""


class RaggedBatch(NamedTuple):
    """A batch of rows of a table, as the heads read it.

    Attributes:
        hidden: Tokens of the whole table.
        starts: Where each row of the batch begins in `hidden`.
        lengths: Tokens of each row, at least 1.
        pooled: First, maximum and mean vector of each row; None if no head reads them.
        labels: See `train.engine.loss.Labels`.
        weights: 1, or 0 for a row that only fills up the batch.
        layers: Pooled vectors of layers of each row; None if no head reads them.
        standard: Mean and scale of what `layers` holds; None without them.
    """

    hidden: Any
    starts: Any
    lengths: Any
    pooled: Any
    labels: Any
    weights: Any
    layers: Any = None
    standard: Any = None


class EpochChunk(NamedTuple):
    """Some steps of an epoch.

    Attributes:
        table: Table that the steps read.
        batches: Places in the table for each seed, step and row; -1 where a row only fills up.
        steps: Number of real steps, which come first.
        rows: The table's rows, as numbers of the split's; None if the table is the whole split, in order.
        deals: Number of batches that stand side by side in a step, see `train.feeds.sampler.FeedSpec.deals`.
    """

    table: Table
    batches: Int[np.ndarray, "s n b"]
    steps: int
    rows: Int[np.ndarray, " r"] | None = None
    deals: int = 1


def batch_of(table: Table, places: Int[Array, " b"]) -> RaggedBatch:
    """The rows at these places of the table."""
    # a real row fills up, not zeros: a row without tokens makes a mean NaN, and 0 * nan is nan
    at = jnp.maximum(places, 0)
    rows: list[Any] = [None if field is None else jnp.asarray(field)[at] for field in table[1:6]]
    starts, lengths, pooled, labels, layers = rows
    weights = (places >= 0).astype(jnp.float32)
    return RaggedBatch(table.hidden, starts, lengths, pooled, labels, weights, layers, table.standard)


def table_bytes(table: Table) -> int:
    """Bytes of the features: tokens and pooled vectors."""
    return sum(leaf.nbytes for leaf in jax.tree.leaves((table.hidden, table.pooled, table.layers)))


def table_of(split: Split, spec: FeedSpec) -> Table:
    """All rows of a split as a table, whose features are the split's, not copied."""
    hidden = split.hidden if spec.tokens else None
    pooled = split.pooled if spec.pooled else None
    layers = read_layers(split, spec.layers, 0, len(split.labels)) if spec.layers.read else None
    starts = row_starts(split.lengths).astype(np.int32)
    return Table(hidden, starts, split.lengths, pooled, split.labels.astype(np.float32), layers)


def read_layers(split: Split, views: LayerViews, start: int, stop: int) -> Float[np.ndarray, "r m v d"]:
    """Read vectors of rows `start` to `stop`; never more than a span of the others with them.

    Raises:
        CacheError: the bytes cannot be trusted.
    """
    whole = np.empty((0, len(views.states), len(views.vectors), split.width), np.float16)
    for first in range(start, stop, SPAN):
        last = min(first + SPAN, stop)
        part = split.read("layers", first, last)[:, views.states][:, :, views.vectors]
        if first == start:
            whole = np.empty((stop - start, *part.shape[1:]), part.dtype)
        whole[first - start : last - start] = part
    return whole


def take(table: Table, rows: Int[np.ndarray, " r"]) -> Table:
    """Some rows of a table in the host's memory, copied."""
    lengths = np.asarray(table.lengths)
    hidden = None if table.hidden is None else take_rows(np.asarray(table.hidden), lengths, rows)
    pooled = None if table.pooled is None else table.pooled[rows]
    layers = None if table.layers is None else table.layers[rows]
    starts = row_starts(lengths[rows]).astype(np.int32)
    return Table(hidden, starts, lengths[rows], pooled, table.labels[rows], layers)


def padded(table: Table, tokens: int, rows: int) -> Table:
    """A table of so many tokens and rows, whatever it holds: one shape is compiled once."""

    def full(part: Any, size: int) -> Any:
        return None if part is None else fill(part, size, value=1)

    return Table(full(table.hidden, tokens), *(full(part, rows) for part in table[1:6]))


def fill(
    part: Shaped[np.ndarray, "..."], size: int, axis: int = 0, value: int = -1
) -> Shaped[np.ndarray, "..."]:
    """Lengthen one axis to `size`."""
    missing = size - part.shape[axis]
    if missing == 0:
        return part
    shape = (*part.shape[:axis], missing, *part.shape[axis + 1 :])
    return np.concatenate([part, np.full(shape, value, part.dtype)], axis=axis)
