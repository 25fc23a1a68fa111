"""Mean and scale of what heads read of layers, over the training rows: the same for whoever trains on them."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float, Float32, Int

from headstart.train.feeds.feed import Feed

LEAST = 1e-5
"""A feature whose standard deviation is so small a part of its mean is the same in all rows, but for rounding."""


class LayerMoments(NamedTuple):
    """Moments of the pooled vectors of layers.

    Attributes:
        mean: Mean of each feature.
        scale: 1 / its standard deviation; 0 where it is the same in all rows.
        rows: Number of the rows.
    """

    mean: Float32[Array, "m v d"]
    scale: Float32[Array, "m v d"]
    rows: Float32[Array, ""]


class LayerTotals(NamedTuple):
    """Sums over rows of what a feature is beyond `shift`, and of its square."""

    shift: Float32[Array, "m v d"]
    first: Float32[Array, "m v d"]
    second: Float32[Array, "m v d"]
    rows: Float32[Array, ""]


def moments_of(feed: Feed) -> LayerMoments:
    """Moments over all rows of a feed, each once; of dropout views, the first."""
    totals: LayerTotals | None = None
    dtype: Any = None
    for chunk in feed.evaluate():
        layers, places = chunk.table.layers, chunk.batches[0]
        assert layers is not None
        if totals is None:
            dtype, zeros = layers.dtype, jnp.zeros(layers.shape[1:])
            # numbers far from 0 leave nothing of a small variance in float32; any row is near enough
            totals = LayerTotals(layers[int(places[0, 0])].astype(jnp.float32), zeros, zeros, jnp.zeros(()))
        totals = _with_rows(totals, layers, places)
    assert totals is not None
    resolution: Any = jnp.finfo
    moments: LayerMoments = _moments(totals, max(float(resolution(dtype).eps), LEAST))
    return moments


@jax.jit
def _with_rows(
    totals: LayerTotals, layers: Float[Array, "r m v d"], places: Int[Array, "n b"]
) -> LayerTotals:
    """The sums with the rows at some places added; -1 is none."""

    def add(totals: LayerTotals, at: Int[Array, " b"]) -> tuple[LayerTotals, None]:
        real = (at >= 0)[:, None, None, None]
        beyond = jnp.where(real, layers[jnp.maximum(at, 0)].astype(jnp.float32) - totals.shift, 0)
        sums = totals.first + beyond.sum(axis=0), totals.second + (beyond * beyond).sum(axis=0)
        return LayerTotals(totals.shift, *sums, totals.rows + (at >= 0).sum()), None

    return lax.scan(add, totals, places)[0]


@jax.jit
def _moments(totals: LayerTotals, least: Float32[Array, ""] | float) -> LayerMoments:
    beyond = totals.first / totals.rows
    mean = totals.shift + beyond
    deviation = jnp.sqrt(jnp.maximum(totals.second / totals.rows - beyond * beyond, 0))
    varies = deviation > least * jnp.abs(mean)
    return LayerMoments(mean, jnp.where(varies, 1 / jnp.where(varies, deviation, 1), 0), totals.rows)
