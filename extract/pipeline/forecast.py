"""How long the backbone will take and how much room the cache needs, before either starts."""

import functools
import os
import shutil
import time

import jax
import jax.numpy as jnp

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.text import format_bytes
from headstart.extract.backbone.architecture import Architecture

SIZE = 1024  # width of the timed product: about a backbone's own

EFFICIENCY = 0.6  # share of the matmul's speed that a whole forward pass reached on CPUs


def estimate_seconds(architecture: Architecture, padded_tokens: int, mean_length: float, dtype: str) -> float:
    """Estimate the seconds of a forward pass over all batches on all local devices, without compilation."""
    flops = architecture.flops(padded_tokens, mean_length)
    return flops / (matmul_flops(dtype) * len(jax.local_devices()) * EFFICIENCY)


def matmul_flops(dtype: str, repeats: int = 5) -> float:
    """Measure floating-point operations per second of one device's matmul: the best of a few runs."""
    square = jnp.ones((SIZE, SIZE), jnp.dtype(dtype))
    multiply = functools.partial(jnp.matmul, preferred_element_type=jnp.float32)
    product = jax.jit(multiply).lower(square, square).compile()
    return 2 * SIZE**3 / min(_seconds(product, square) for _ in range(repeats))


def _seconds(product: jax.stages.Compiled, square: jax.Array) -> float:
    start = time.perf_counter()
    product(square, square).block_until_ready()
    return time.perf_counter() - start


MARGIN = 1.02  # JSON files, and the last block of every file on the file system


def check_space(location: str, needed: int) -> None:
    """Refuse to start what cannot end.

    Args:
        location: where the cache will lie; an object store has no end.
        needed: bytes of the arrays still to be written.

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


def is_full(error: Exception) -> bool:
    """Whether a failed write failed for want of room."""
    return any(words in str(error) for words in ("No space left", "Disk quota", "RESOURCE_EXHAUSTED"))


def _existing(path: str) -> str:
    """Return the nearest folder on the way to a path that exists."""
    path = os.path.abspath(path)
    while not os.path.isdir(path):
        path = os.path.dirname(path)
    return path
