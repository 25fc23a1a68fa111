"""A head on tokens that lie one row after another, as a pure function to be made part of a larger program."""

from collections.abc import Callable
from functools import reduce
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float, Float32, Int

from headstart.heads.fused.chunks import STEPS, RaggedRows, chunk_count, gather, real_steps
from headstart.heads.fused.fused_heads import FusedHeads, layer_heads
from headstart.heads.pooling import POOLED
from headstart.heads.registry import Head
from headstart.heads.spec import HeadSpec

Score = Callable[[Any, Float[Array, "n d"], Int[Array, " b"], Int[Array, " b"]], Float32[Array, "b k"]]
"""Parameters, tokens of all rows, where each row starts, how many tokens it has -> logits."""


class Ragged(NamedTuple):
    """Rows of tokens, see `heads.fused.chunks.RaggedRows`."""

    hidden: Any
    starts: Any
    lengths: Any
    pooled: Any = None
    layers: Any = None
    standard: Any = None


def score_of(name: str, head: Head, limit: int, operands: str) -> Score:
    """The head in the arithmetic in which it was trained and compared.

    Args:
        name: The head's key in `HEADS`.
        head: Head to compute.
        limit: Tokens of the longest row there can be.
        operands: Name of the dtype of the operands of the large matmuls, which add up in float32.
    """
    fused = FusedHeads(((name, head),), limit, operands)

    def score(
        params: Any, hidden: Float[Array, "n d"], starts: Int[Array, " b"], lengths: Int[Array, " b"]
    ) -> Float32[Array, "b k"]:
        rows = Ragged(hidden, starts, lengths)
        if not head.reads_tokens:
            rows = rows._replace(pooled=pool_ragged(rows).astype(hidden.dtype))
        elif operands == "bfloat16":  # as bits, see `heads.fused.chunks.RaggedRows`
            bits = lax.bitcast_convert_type(hidden.astype(jnp.bfloat16), jnp.uint16)
            rows = rows._replace(hidden=bits)
        return fused.logits({name: params}, rows)[name]

    return score


def score_of_layers(spec: HeadSpec) -> Callable[[Any, Float[Array, "b m 3 d"]], Float32[Array, "b k"]]:
    """A head on layers as a pure function of its kept parameters and the pooled vectors of the layers that it reads."""
    group = layer_heads([spec.kept], POOLED)

    def score(params: Any, layers: Float[Array, "b m 3 d"]) -> Float32[Array, "b k"]:
        rows = Ragged(None, None, None, layers=layers)
        return group.logits({spec.kept.name: params}, rows)[spec.kept.name]

    return score


def pool_ragged(rows: RaggedRows) -> Float32[Array, "b 3 d"]:
    """`heads.pooling.pool` without padding: [CLS], max and mean of each row's tokens.

    Tokens are added one after another, as the feature cache adds them: its means are rounded to 16 bits, and another
    order would now and then round to the neighbour.
    """
    b, width = rows.lengths.shape[0], rows.hidden.shape[-1]

    def chunk(number: Array, pool: tuple[Array, Array]) -> tuple[Array, Array]:
        tokens = gather(rows, number, False, jnp.float32).reshape(STEPS, -1, width)
        real = real_steps(rows, number, False)[..., None]
        total = reduce(jnp.add, tokens, pool[0])
        return total, jnp.maximum(pool[1], jnp.where(real, tokens, -jnp.inf).max(axis=0))

    start = jnp.zeros((b, width)), jnp.full((b, width), -jnp.inf)
    total, highest = lax.fori_loop(0, chunk_count(rows), chunk, start)
    first = rows.hidden.at[rows.starts].get(mode="promise_in_bounds").astype(jnp.float32)
    # The barrier keeps the division one: XLA would multiply by reciprocals, which rounds twice.
    count = lax.optimization_barrier(jnp.broadcast_to(rows.lengths[:, None], total.shape))
    return jnp.stack([first, highest, total / count], axis=1)
