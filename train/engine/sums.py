"""Loss and accuracy as sums that are divided once, so that batches of any weight add up exactly."""

from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, Float32

from headstart.train.engine.loss import cross_entropy, share_right


@runtime_checkable
class Weighted(Protocol):
    """Rows with labels and weights: a `Batch`, or `train.feeds.table.Rows`."""

    @property
    def labels(self) -> Any:
        """See `train.engine.loss.Labels`."""

    @property
    def weights(self) -> Any:
        """1, or 0 for a row that only fills up the batch, float32 `[b]`."""


class Sums(NamedTuple):
    """Weighted sums over rows, as float32 scalars on device.

    Attributes:
        loss: sum of the rows' losses.
        correct: how many rows were classified correctly; multilabel: the sum of the shares of right labels.
        rows: how many rows there were.
    """

    loss: Float[Array, ""]
    correct: Float[Array, ""]
    rows: Float[Array, ""]


class Metrics(NamedTuple):
    """Means over rows."""

    loss: float
    accuracy: float


def zero_sums() -> Sums:
    """Sums over no rows."""
    return Sums(*jnp.zeros(3))


def batch_sums(
    logits: Float[Array, "b k"], batch: Weighted, class_weights: Float32[np.ndarray, "..."] | None = None
) -> Sums:
    """Sums over the rows of weight 1; class weights change the loss only, see `train.engine.loss`.

    Rows of weight 0 count as if they were deleted, even where their logits are NaN.
    """
    losses = cross_entropy(logits, batch.labels, class_weights)
    correct = share_right(logits, batch.labels)
    # not weights * losses: 0 * nan is nan
    kept = [jnp.where(batch.weights > 0, batch.weights * row, 0) for row in (losses, correct)]
    return Sums(kept[0].sum(), kept[1].sum(), batch.weights.sum())


def add(left: Sums, right: Sums) -> Sums:
    """Sums over the rows of both."""
    return Sums(*(jnp.add(a, b) for a, b in zip(left, right, strict=True)))


def divide(sums: Sums) -> Metrics:
    """Means over all rows that were counted; fetches the sums from the device, so call it once an epoch."""
    loss, correct, rows = (float(total) for total in jax.device_get(sums))
    return Metrics(loss / rows, correct / rows)
