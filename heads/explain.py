"""What each token adds to the logits of a head that is linear in means and maxima of tokens: it splits exactly."""

import ml_dtypes  # noqa: F401  (teaches NumPy the name bfloat16)
import numpy as np
from jaxtyping import Float, Float32, Int

from headstart.heads.pooling import POOLED
from headstart.heads.registry import AttentionHead, PoolingHead
from headstart.heads.spec import HeadSpec


def splits_over_tokens(spec: HeadSpec) -> bool:
    """Whether a head's score is a sum over the hidden states of one layer that the encoder ends at."""
    if isinstance(spec.head, AttentionHead):
        return True
    return (
        isinstance(spec.head, PoolingHead) and len(spec.layers) <= spec.reads_layers and spec.layers != (0,)
    )


def contributions(
    head: PoolingHead,
    kernel: Float[np.ndarray, "f k"],
    hidden: Float[np.ndarray, "t d"],
    pooled: Float[np.ndarray, "3 d"],
) -> Float32[np.ndarray, "t k"]:
    """Contributions of the tokens of one row; with the bias they add up to the logits.

    Of the maximum each feature counts for the token that has it, the first of several; all of [CLS] is the first
    token's. What rounding of the stored pooled vectors adds is shared as the vector itself is.

    Args:
        head: Head that reads one or two pooled vectors.
        kernel: Kernel of its classifier, f = d for each vector that it reads.
        hidden: Hidden states of the row's tokens.
        pooled: Pooled vectors of the row, as the head read them.
    """
    tokens, exact = hidden.astype(np.float32), pooled.astype(np.float32)
    total = np.zeros((len(tokens), kernel.shape[1]), np.float32)
    for name, weights in zip(head.read, np.split(kernel.astype(np.float32), len(head.read)), strict=True):
        total += _shares(name, tokens, exact[POOLED.index(name)]) @ weights
    return total


def attention_contributions(
    queries: Float[np.ndarray, "d q"],
    kernel: Float[np.ndarray, "f k"],
    hidden: Float[np.ndarray, "t d"],
    operands: str,
) -> Float32[np.ndarray, "t k"]:
    """Contributions of the tokens of one row to an attention head's logits; with the bias they add up to them.

    A token's share of a query's mean is its weight there, which depends on all tokens.

    Args:
        queries: The head's queries.
        kernel: Kernel of its classifier, f = q * d.
        hidden: Hidden states of the row's tokens.
        operands: Dtype in which the head multiplies tokens with queries.
    """
    tokens, asked = (values.astype(operands).astype(np.float32) for values in (hidden, queries))
    scores = tokens @ asked
    weights = np.exp(scores - scores.max(axis=0))
    weights /= weights.sum(axis=0)
    by_query = kernel.astype(np.float32).reshape(queries.shape[1], -1, kernel.shape[1])
    return np.asarray(np.einsum("tq,td,qdk->tk", weights, tokens, by_query, optimize=True), np.float32)


def features_won(hidden: Float[np.ndarray, "t d"]) -> Int[np.ndarray, " t"]:
    """How many features of the maximum are each token's; they add up to d."""
    winners = hidden.astype(np.float32).argmax(axis=0)
    return np.bincount(winners, minlength=len(hidden))


def _shares(
    name: str, tokens: Float32[np.ndarray, "t d"], vector: Float32[np.ndarray, " d"]
) -> Float32[np.ndarray, "t d"]:
    """How much of each feature of a pooled vector is each token's."""
    if name == "mean":
        return np.asarray((tokens + (vector - tokens.mean(axis=0))) / np.float32(len(tokens)), np.float32)
    owner = np.zeros(tokens.shape[1], np.int64) if name == "cls" else tokens.argmax(axis=0)
    return np.where(np.arange(len(tokens))[:, None] == owner, vector, 0).astype(np.float32)
