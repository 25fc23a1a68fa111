"""Mean and maximum over time, chunk by chunk, and their gradients."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float32

from headstart.heads.fused.chunks import DimSize


class Running(NamedTuple):
    """Over the outputs at real tokens so far.

    Attributes:
        total: their sum.
        max: the largest of each unit.
        ties: how many outputs are as large.
    """

    total: Float32[Array, "b u"]
    max: Float32[Array, "b u"]
    ties: Float32[Array, "b u"]


def running_start(rows: DimSize, units: int) -> Running:
    """Over no outputs."""
    zeros = jnp.zeros((rows, units))
    return Running(zeros, jnp.full_like(zeros, -jnp.inf), zeros)


def running(pool: Running, outputs: Float32[Array, "t b u"], real: Bool[Array, "t b"]) -> Running:
    """Include the outputs of a chunk."""
    kept = jnp.where(real[..., None], outputs, -jnp.inf)
    largest = jnp.maximum(pool.max, kept.max(axis=0))
    ties = jnp.where(pool.max == largest, pool.ties, 0) + ((kept == largest) & real[..., None]).sum(axis=0)
    return Running(pool.total + jnp.where(real[..., None], outputs, 0).sum(axis=0), largest, ties)


def spread(
    pool: Running,
    of_total: Float32[Array, "b u"],
    of_max: Float32[Array, "b u"],
    outputs: Float32[Array, "t b u"],
    real: Bool[Array, "t b"],
) -> Float32[Array, "t b u"]:
    """Gradient of a chunk's outputs from those of the sum and the maximum; equal maxima share, as in `jnp.max`."""
    slopes = of_total + jnp.where(outputs == pool.max, of_max / pool.ties, 0)
    return jnp.where(real[..., None], slopes, 0)
