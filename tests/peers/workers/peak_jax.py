"""JAX's rate at one large square matmul; bfloat16 operands are accumulated in float32."""

import functools
import time
from typing import Any

import jax
import jax.numpy as jnp
from answers import serve

multiply = jax.jit(functools.partial(jnp.matmul, preferred_element_type=jnp.float32))


def run(dtype: str, size: int) -> dict[str, Any]:
    keys = jax.random.split(jax.random.key(0))
    left, right = (jax.random.normal(key, (size, size), jnp.dtype(dtype)) for key in keys)
    jax.block_until_ready(multiply(left, right))
    start = time.perf_counter()
    jax.block_until_ready(multiply(left, right))
    return {"flops": 2 * size**3 / (time.perf_counter() - start)}


if __name__ == "__main__":
    serve(run=run)
