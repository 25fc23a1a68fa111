"""How long the backbone will take, before it starts."""

import functools
import time

import jax
import jax.numpy as jnp

from extract.architecture import Architecture

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
