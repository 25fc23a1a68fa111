"""Batches of like length for the systems that bring none: what a careful user would write around them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from encoding import MAX_LENGTH, Encode, Vectors
from tokenizers import Tokenizer

Forward = Callable[[np.ndarray, np.ndarray], Any]
"""Token ids and mask, both `[b, t]` int64 -> hidden states `[b, t, d]` in host memory."""


def sorted_encoder(folder: Path, forward: Forward) -> Encode:
    """Tokenise all texts, sort them by length, run batches padded to their longest row, restore the order."""
    tokenizer = load_tokenizer(folder)

    def encode(texts: list[str], batch: int) -> Vectors:
        ids = [np.asarray(encoding.ids) for encoding in tokenizer.encode_batch_fast(texts)]
        vectors: Vectors = [None] * len(ids)
        for rows in batches(ids, batch):
            for row, hidden in zip(rows, forward(*pad([ids[row] for row in rows])), strict=True):
                vectors[row] = hidden[: len(ids[row])]
        return vectors

    return encode


def load_tokenizer(folder: Path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_LENGTH)
    tokenizer.no_padding()
    return tokenizer


def batches(ids: list[np.ndarray], batch: int) -> Iterator[list[int]]:
    """Positions of the rows of each batch, longest rows first."""
    order = sorted(range(len(ids)), key=lambda row: -len(ids[row]))
    for start in range(0, len(order), batch):
        yield order[start : start + batch]


def pad(ids: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Ids padded to the longest row, and the mask."""
    lengths = np.array([len(row) for row in ids])
    mask = np.arange(lengths.max()) < lengths[:, None]
    padded = np.zeros(mask.shape, np.int64)
    padded[mask] = np.concatenate(ids)
    return padded, mask.astype(np.int64)
