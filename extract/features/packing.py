"""Blocks of rows, and the batches in which a block is computed: whole rows packed into sequences of equal length."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from headstart.cache.recipe import Recipe
from headstart.extract.backbone.precision import Precision

STEP = 8
"""Divisor of the lengths of sequences, which suits vector units."""
PARTS = 4
"""Number of lengths of packed sequences: a quarter, a half, three quarters and all of the longest row."""
FEWEST = 8
"""Fewest rows that a device has room for; more are a power of two."""
EVEN_LENGTH = 500
"""Tokens of sequences that spend about as much time on attention as on all else."""
GROWTH = 1.2
"""Factor from one length to the next where each row has its own sequence."""


class BatchShape(NamedTuple):
    """Shape that batches may have.

    Attributes:
        sequences: Lengths of sequences, ascending; the last holds the longest row.
        batch_tokens: Padded tokens per device.
        devices: Number of devices, of which every batch's height is a multiple.
        packed: Whether several rows may share a sequence.
    """

    sequences: list[int]
    batch_tokens: int
    devices: int
    packed: bool

    @classmethod
    def of(cls, recipe: Recipe, batch_tokens: int, devices: int) -> "BatchShape":
        """Return the shape of the batches of a recipe; a padded layout takes every row at its full length."""
        packed = Precision.of(recipe).packed
        lengths = packed_lengths(recipe.max_length) if packed else bucket_lengths(recipe.max_length)
        lengths = [recipe.max_length] if recipe.layout == "padded" else lengths
        return cls(lengths, batch_tokens, devices, packed)


class PackedBatch(NamedTuple):
    """Rows that run through the backbone together.

    Attributes:
        rows: Positions of the rows within their block, `[r]`.
        places: Position of each row's first token in the batch, sequence after sequence, `[r]`.
        length: Tokens of a sequence.
        height: Number of sequences, the same for all batches of one length.
        slots: Rows that each device has room for where rows are pooled there, the same for all batches of one shape;
            None takes as many as the batch needs.
    """

    rows: Int[np.ndarray, " r"]
    places: Int[np.ndarray, " r"]
    length: int
    height: int
    slots: int | None = None

    def share(self, devices: int) -> int:
        """Tokens of a device."""
        return self.height // devices * self.length

    def owners(self, devices: int) -> Int[np.ndarray, " r"]:
        """Number of the device that has each row."""
        return np.asarray(self.places // self.share(devices))


def packed_lengths(max_length: int) -> list[int]:
    """Lengths of sequences that hold several rows.

    Attention costs the more the longer the sequence, so short rows share short ones; few lengths are few
    programs to compile.
    """
    return sorted({-(-max_length * part // (PARTS * STEP)) * STEP for part in range(1, PARTS + 1)})


def bucket_lengths(max_length: int) -> list[int]:
    """Lengths to which rows are padded where each has its own sequence, at most about a fifth apart."""
    lengths = [min(2 * STEP, max_length)]
    while lengths[-1] < max_length:
        grown = int(-(-lengths[-1] * GROWTH // STEP) * STEP)
        lengths.append(grown if grown < 0.9 * max_length else max_length)
    return lengths


def plan_batches(
    lengths: Int[np.ndarray, " b"], shape: BatchShape, tokens: int | None = None
) -> list[PackedBatch]:
    """Cut a block, given by its rows' lengths, into batches, longest rows first.

    What is left of a sequence behind its first row goes to the longest rows that fit, and a batch that its own
    rows do not fill takes shorter ones; so only a block's last batch is filled up with padding. Short sequences make
    attention cheap, long ones are easier to fill: what costs least is taken.

    Args:
        lengths: Tokens of each row.
        shape: Shape of the batches.
        tokens: Real tokens of the block whose batches these should resemble, so that they need no other programs; None
            takes those of the rows.

    Raises:
        ValueError: no sequence holds the longest row.
    """
    if lengths.max() > shape.sequences[-1]:
        raise ValueError(f"no sequence of {shape.sequences[-1]} tokens holds a row of {lengths.max()}")
    whole = int(lengths.sum()) if tokens is None else tokens
    steps = (1, 2, PARTS) if shape.packed else (1,)
    lists = [shape.sequences[::-step][::-1] for step in steps]  # each with the longest, which holds every row
    plans = [_plan(lengths, shape._replace(sequences=sequences), whole) for sequences in lists]
    return min(plans, key=_cost)


def _plan(lengths: Int[np.ndarray, " b"], shape: BatchShape, tokens: int) -> list[PackedBatch]:
    waiting = _Waiting(lengths)
    batches = []
    for length, shorter in zip(shape.sequences[::-1], [*shape.sequences[-2::-1], 0], strict=True):
        height = shape.devices * _height(length, tokens, shape)
        while waiting.longest() > shorter:
            batches.append(_fill(waiting, length, height, shape.packed))
    return batches


def padded_tokens(batches: list[PackedBatch]) -> int:
    """Tokens that the backbone computes for these batches, padding included."""
    return sum(batch.length * batch.height for batch in batches)


def slots_of(batch: PackedBatch, devices: int) -> int:
    """Number of rows that each device has room for: as many as the one that has most of the batch's, or some more."""
    counts = np.bincount(batch.owners(devices), minlength=devices)
    return max(FEWEST, 1 << int(counts.max() - 1).bit_length())


def _cost(batches: list[PackedBatch]) -> float:
    """Time of these batches, in an unit that only compares plans."""
    return sum(batch.length * batch.height * (1 + batch.length / EVEN_LENGTH) for batch in batches)


class _Waiting:
    """Rows that are in no batch yet, by length."""

    def __init__(self, lengths: Int[np.ndarray, " b"]) -> None:
        self._lengths = lengths
        self._by_length: list[list[int]] = [[] for _ in range(int(lengths.max()) + 1)]
        for row in range(len(lengths))[::-1]:  # backwards, so that rows of one length leave in their order
            self._by_length[lengths[row]].append(row)

    def longest(self, limit: int | None = None) -> int:
        """Length of the longest row of at most so many tokens; 0 if there is none."""
        most = len(self._by_length) - 1 if limit is None else min(limit, len(self._by_length) - 1)
        return next((length for length in range(most, 0, -1) if self._by_length[length]), 0)

    def take(self, limit: int, packed: bool) -> Iterator[tuple[int, int]]:
        """Take the rows of one sequence: each with its place, longest first."""
        place = 0
        while length := self.longest(limit - place):
            yield self._by_length[length].pop(), place
            place += length if packed else limit


def _fill(waiting: _Waiting, length: int, height: int, packed: bool) -> PackedBatch:
    rows, places = [], []
    for start in range(0, height * length, length):
        for row, place in waiting.take(length, packed):
            rows.append(row)
            places.append(start + place)
    return PackedBatch(np.array(rows), np.array(places), length, height)


def _height(length: int, tokens: int, shape: BatchShape) -> int:
    """Sequences per device: the token budget's, halved while a block has too few tokens to fill half of them."""
    height = max(1, shape.batch_tokens // length)
    while height > 1 and height // 2 * length * shape.devices >= tokens:
        height //= 2
    return height
