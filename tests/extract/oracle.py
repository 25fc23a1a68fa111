"""One row through a DistilBERT in plain NumPy, written from the paper's equations, one head at a time."""

from collections.abc import Callable
from math import erf, sqrt

import numpy as np

Weights = dict[str, np.ndarray]


def keep_all(values: np.ndarray) -> np.ndarray:
    return values


def hidden_states(
    ids: list[int],
    weights: Weights,
    layers: int,
    heads: int,
    drop: Callable[[np.ndarray], np.ndarray] = keep_all,
) -> np.ndarray:
    """`drop` is given the embeddings, and of each layer the attention weights [h, q, k] and the output."""
    x = np.stack([
        weights["embeddings.word_embeddings.weight"][token]
        + weights["embeddings.position_embeddings.weight"][position]
        for position, token in enumerate(ids)
    ])  # fmt: skip
    x = drop(norm(x, weights, "embeddings.LayerNorm"))
    for layer in (f"transformer.layer.{i}" for i in range(layers)):
        context = attention(x, weights, f"{layer}.attention", heads, drop)
        x = norm(x + context, weights, f"{layer}.sa_layer_norm")
        inner = np.vectorize(gelu)(dense(x, weights, f"{layer}.ffn.lin1"))
        outer = drop(dense(inner, weights, f"{layer}.ffn.lin2"))
        x = norm(x + outer, weights, f"{layer}.output_layer_norm")
    return x


def attention(
    x: np.ndarray, weights: Weights, name: str, heads: int, drop: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    query, key, value = (dense(x, weights, f"{name}.{part}_lin") for part in "qkv")
    size = x.shape[1] // heads
    context = np.zeros_like(x)
    shares = np.zeros((heads, len(x), len(x)))
    for head in range(heads):
        own = slice(head * size, (head + 1) * size)
        for i in range(len(x)):
            scores = np.array([query[i, own] @ key[j, own] / sqrt(size) for j in range(len(x))])
            share = np.exp(scores - scores.max())
            shares[head, i] = share / share.sum()
    for head, share in enumerate(drop(shares)):
        own = slice(head * size, (head + 1) * size)
        for i in range(len(x)):
            context[i, own] = sum(p * value[j, own] for j, p in enumerate(share[i]))
    return dense(context, weights, f"{name}.out_lin")


def dense(x: np.ndarray, weights: Weights, name: str) -> np.ndarray:
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def norm(x: np.ndarray, weights: Weights, name: str) -> np.ndarray:
    mean, variance = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-12) * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def gelu(value: float) -> float:
    return 0.5 * value * (1 + erf(value / sqrt(2)))
