"""Float32 to bfloat16, on a CPU at the speed of memory."""

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

HALF = 0x8000  # of the lowest bit that bfloat16 keeps
DROPPED = 16
NAN = 0x7FC00000  # what both dtypes have for it


def round_to(values: Float[Array, "*n"], dtype: jnp.dtype) -> Float[Array, "*n"]:
    """`values.astype(dtype)`; from float32 to bfloat16 in integers, which took XLA a quarter of the time.

    Only a value exactly half-way between two others may differ: it goes away from zero, not to the even one.
    """
    if values.dtype != jnp.float32 or dtype != jnp.bfloat16:
        return values.astype(dtype)
    bits = lax.bitcast_convert_type(values, jnp.uint32) + HALF
    # A GPU's NaN would overflow to -0. Chosen among 16 bits instead of 32, everything took twice as long.
    bits = jnp.where(jnp.isnan(values), NAN, bits)
    return lax.bitcast_convert_type((bits >> DROPPED).astype(jnp.uint16), jnp.bfloat16)
