"""What each token adds to the logits of a pooling head: the linear score splits over tokens exactly."""

import numpy as np
from jaxtyping import Float, Float32, Int

from headstart.heads.pooling import POOLED
from headstart.heads.registry import PoolingHead


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
