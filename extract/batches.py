"""Blocks of rows, and the batches of like length in which a block is computed."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int

GROWTH = 1.2  # from one bucket length to the next: padding costs at most about this, on average a tenth
STEP = 8  # bucket lengths are multiples of it, which suits vector units


class Batch(NamedTuple):
    """Rows that run through the backbone together.

    Attributes:
        rows: positions of the rows within their block, `[r]`.
        length: tokens to which they are padded.
        height: rows to which the batch is filled up; every batch of one length has the same.
    """

    rows: Int[np.ndarray, " r"]
    length: int
    height: int


def bucket_lengths(max_length: int) -> list[int]:
    """Lengths to which rows are padded, at most about a fifth apart: few shapes to compile."""
    lengths = [min(2 * STEP, max_length)]
    while lengths[-1] < max_length:
        grown = int(-(-lengths[-1] * GROWTH // STEP) * STEP)
        lengths.append(grown if grown < 0.9 * max_length else max_length)
    return lengths


def plan_batches(
    lengths: Int[np.ndarray, " b"], buckets: list[int], batch_tokens: int, devices: int
) -> list[Batch]:
    """Cut a block into batches, longest rows first, each filled before the next is begun.

    A batch takes the next rows whatever bucket they would fall in, so only a block's last batch
    is filled up with padding rows.

    Args:
        lengths: tokens of each row of the block.
        buckets: bucket lengths, ascending; the last holds the longest row.
        batch_tokens: padded tokens per device.
        devices: every batch's height is a multiple of it.
    """
    most = -(-len(lengths) // devices)  # no device needs more rows than its share of the block
    order = np.argsort(-lengths, kind="stable")
    batches, start = [], 0
    while start < len(order):
        length = buckets[int(np.searchsorted(buckets, lengths[order[start]]))]
        height = devices * max(1, min(batch_tokens // length, most))
        batches.append(Batch(order[start : start + height], length, height))
        start += height
    return batches


def padded_tokens(batches: list[Batch]) -> int:
    """Tokens that the backbone computes for these batches, padding included."""
    return sum(batch.length * batch.height for batch in batches)
