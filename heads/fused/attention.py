"""Attention pooling over ragged rows, chunk by chunk, with its gradient written out.

A pass over the tokens forward, one back: the softmax over a row's tokens is carried as a running maximum and sums that
are scaled when it grows, and back the tokens are gathered again rather than kept. `heads.modules` is the oracle.

Reference:
    Dao et al. 2022, https://arxiv.org/abs/2205.14135, algorithm 1; Milakov and Gimelshein 2018 for the running softmax.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float32, Int

from headstart.heads.fused.chunks import STEPS, RaggedRows, chunk_count, gather, real_steps


class TokenRows(NamedTuple):
    """Rows of tokens, as `heads.fused.chunks.RaggedRows` has them."""

    hidden: Any
    starts: Any
    lengths: Any
    pooled: Any = None


class RunningMean(NamedTuple):
    """Weighted sums over the tokens so far; `total / weight` is the mean.

    Attributes:
        highest: Largest score, `[b, q]`; weights are exponentials of what a score is beyond it.
        weight: Sum of the weights, `[b, q]`.
        total: Weighted sum of the tokens, `[b, q, d]`.
    """

    highest: Array
    weight: Array
    total: Array


def attend(
    queries: Float32[Array, "d q"], rows: RaggedRows, dtype: Any = jnp.float32
) -> Float32[Array, "b q d"]:
    """Each query's mean of the tokens of each row, weighted by the softmax of their products with it.

    Args:
        queries: The queries; they alone get a gradient.
        rows: The batch.
        dtype: Dtype of the operands of the matmuls, which add up in float32.
    """
    return _attend(queries, TokenRows(rows.hidden, rows.starts, rows.lengths), jnp.dtype(dtype).name)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def _attend(queries: Array, rows: TokenRows, dtype: str) -> Array:
    return _forward(queries, rows, dtype)[0]


def _forward(queries: Array, rows: TokenRows, dtype: str) -> tuple[Array, Any]:
    b, (width, count) = rows.lengths.shape[0], queries.shape

    def chunk(number: Array, mean: RunningMean) -> RunningMean:
        tokens = tokens_of(rows, number, dtype)
        scores = scores_of(queries, rows, number, tokens)
        highest = jnp.maximum(mean.highest, scores.max(axis=0))
        shrink, weights = jnp.exp(mean.highest - highest), jnp.exp(scores - highest)
        added = jnp.einsum("tbq,tbd->bqd", weights, tokens.astype(jnp.float32))
        total = mean.total * shrink[..., None] + added
        return RunningMean(highest, mean.weight * shrink + weights.sum(axis=0), total)

    nothing = RunningMean(jnp.full((b, count), -jnp.inf), jnp.zeros((b, count)), jnp.zeros((b, count, width)))
    mean = lax.fori_loop(0, chunk_count(rows), chunk, nothing)
    means = mean.total / mean.weight[..., None]
    return means, (queries, rows, means, mean.highest + jnp.log(mean.weight))


def _backward(dtype: str, kept: Any, slopes: Float32[Array, "b q d"]) -> tuple[Array, None]:
    """A token's score has the gradient: its weight times what it is beyond the mean, along the slope."""
    queries, rows, means, normaliser = kept
    of_mean = (slopes * means).sum(axis=-1)

    def chunk(number: Array, total: Array) -> Array:
        tokens = tokens_of(rows, number, dtype)
        weights = jnp.exp(scores_of(queries, rows, number, tokens) - normaliser)
        values = tokens.astype(jnp.float32)
        of_scores = weights * (jnp.einsum("tbd,bqd->tbq", values, slopes) - of_mean)
        return total + jnp.einsum("tbd,tbq->dq", values, of_scores)

    return lax.fori_loop(0, chunk_count(rows), chunk, jnp.zeros_like(queries)), None


_attend.defvjp(_forward, _backward)


def tokens_of(rows: RaggedRows, number: Int[Array, ""], dtype: str) -> Array:
    """The tokens of a chunk, `[STEPS, b, d]`, zero at padding."""
    tokens = gather(rows, number, False, jnp.dtype(dtype))
    return tokens.reshape(STEPS, -1, tokens.shape[-1])


def scores_of(
    queries: Float32[Array, "d q"], rows: RaggedRows, number: Int[Array, ""], tokens: Array
) -> Float32[Array, "t b q"]:
    """Products of a chunk's tokens with the queries, -inf at padding."""
    product = jnp.dot(tokens, queries.astype(tokens.dtype), preferred_element_type=jnp.float32)
    return jnp.where(real_steps(rows, number, False)[..., None], product, -jnp.inf)
