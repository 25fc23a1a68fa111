"""Forecast of the backbone's work and time and of the cache's size, before the backbone starts."""

import functools
import os
import shutil
import time
from typing import Any, NamedTuple

from headstart.cache.block import Sizes, array_dtype, array_shape
from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.text import format_bytes
from headstart.cache.storage.arrays import stored_bytes
from headstart.extract.checkpoint.architecture import Architecture
from headstart.extract.features.blocks import ComputePlan
from headstart.extract.pipeline.job import ExtractJob, RunContext

SIZE = 1024
"""Width of the timed product: about a backbone's own."""
REPEATS = 5
EFFICIENCY = 0.6
"""Share of the matmul's speed that a whole forward pass reached on CPUs."""
MARGIN = 1.02
"""Factor for JSON files, and for the last block of every file on the file system."""


class Totals(NamedTuple):
    """The work of all processes together.

    Attributes:
        rows: Rows of their blocks.
        tokens: Real tokens.
        padded_tokens: Tokens that the backbones compute, padding included.
        stored_bytes: Bytes of the arrays, checksums included.
    """

    rows: int
    tokens: int
    padded_tokens: int
    stored_bytes: int

    @property
    def padding_waste(self) -> float:
        """Share of the computed tokens that are padding; 0 where nothing is computed."""
        return 1 - self.tokens / self.padded_tokens if self.padded_tokens else 0.0


def add_up(run: RunContext, plan: ComputePlan) -> Totals:
    """Add up the plans of all processes, every one of which asks at the same place."""
    size = planned_bytes(run.job, plan)
    return Totals(*run.hosts.total((plan.rows, plan.tokens, plan.padded_tokens, size)))


def planned_bytes(job: ExtractJob, plan: ComputePlan) -> int:
    """Bytes of the arrays of all planned blocks on disk, checksums included."""
    return sum(bytes_of(job, block.sizes(job.label_columns, job.recipe)) for block in plan.blocks)


def bytes_of(job: ExtractJob, sizes: Sizes) -> int:
    """Bytes of the arrays of rows of these sizes on disk, checksums included."""
    recipe, width = job.recipe, job.architecture.dim
    shapes = {field: array_shape(field, sizes, width) for field in recipe.arrays}
    dtypes = {field: array_dtype(field, recipe.storage_dtype) for field in recipe.arrays}
    return sum(stored_bytes(shapes[field], dtypes[field]) for field in recipe.arrays)


def describe(job: ExtractJob, plan: ComputePlan, totals: Totals) -> str:
    """Say how much there is to compute and to store, and how long this process's plan will take."""
    mean = totals.tokens / totals.rows
    seconds = estimate_seconds(job.architecture, plan.padded_tokens, mean, job.precision.operands)
    return (
        f"{totals.rows:,} rows, {totals.tokens:,} tokens (mean {mean:.1f}), "
        f"padding waste {totals.padding_waste:.1%} in {len(plan.first_of_each_shape)} shapes of batches, "
        f"cache {totals.stored_bytes:,} bytes ({format_bytes(totals.stored_bytes)}), backbone about {seconds:,.0f} s"
    )


def estimate_seconds(architecture: Architecture, padded_tokens: int, mean_length: float, dtype: str) -> float:
    """Estimate the seconds of a forward pass over all batches on all local devices, without compilation."""
    return architecture.flops(padded_tokens, mean_length) / (matmul_flops(dtype) * EFFICIENCY)


def matmul_flops(dtype: str) -> float:
    """Measure floating-point operations per second of all local devices' matmul: the best of a few runs."""
    import jax  # here, because a cache that is complete is recognised without it
    import jax.numpy as jnp

    square = jnp.ones((SIZE, SIZE), jnp.dtype(dtype))
    multiply = functools.partial(jnp.matmul, preferred_element_type=jnp.float32)
    product = jax.jit(multiply).lower(square, square).compile()
    seconds = min(_seconds(product, square) for _ in range(REPEATS))
    return 2 * SIZE**3 / seconds * len(jax.local_devices())


def _seconds(product: Any, square: Any) -> float:
    start = time.perf_counter()
    product(square, square).block_until_ready()
    return time.perf_counter() - start


def check_space(location: str, needed: int) -> None:
    """Refuse to start what cannot end.

    Args:
        location: Path of the cache; an object store has no end.
        needed: Bytes of the arrays still to be written.

    Raises:
        UserError: the disk has less room.
    """
    if "://" in location:
        return
    free = shutil.disk_usage(_existing(location)).free
    if free < needed * MARGIN:
        raise UserError(
            f"{location} needs {format_bytes(needed * MARGIN)}, but its disk has {format_bytes(free)} free; "
            "make room, or choose another --cache-dir"
        )


def _existing(path: str) -> str:
    """Return the nearest folder on the way to a path that exists."""
    path = os.path.abspath(path)
    while not os.path.isdir(path):
        path = os.path.dirname(path)
    return path
