"""Blocks, batches and sizes that a process will compute, all known before the backbone runs."""

import itertools
from collections.abc import Container, Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from headstart.cache.block import BlockRecord, Sizes, block_name
from headstart.cache.recipe import Recipe
from headstart.cache.splits import view_number
from headstart.extract.features.packing import BatchShape, PackedBatch, padded_tokens, plan_batches, slots_of
from headstart.extract.text.tokenizer import Tokens

BlockKey = tuple[str, int]
"""Split of a block, and its number within the split."""


class BlockRows(NamedTuple):
    """One block before its texts are read: a fixed run of a split's rows.

    Attributes:
        split: Name of the split that the block belongs to.
        number: Number within the split.
        start: Number of the split's rows that lie before the block.
        rows: Positions of the block's rows among all used rows, `[b]`.
    """

    split: str
    number: int
    start: int
    rows: Int[np.ndarray, " b"]

    @property
    def name(self) -> str:
        """Name of the block's folder."""
        return block_name(self.number)

    @property
    def key(self) -> BlockKey:
        """Split and number of the block."""
        return self.split, self.number


Records = dict[BlockKey, BlockRecord]
"""Records of blocks that are on disk."""


class BlockPlan(NamedTuple):
    """One block that is computed.

    Attributes:
        block: Rows of a split.
        lengths: Tokens of each row, `[b]` int32.
        text_bytes: Bytes of the cleaned texts.
        batches: Batches in which the rows go through the backbone.
    """

    block: BlockRows
    lengths: Int[np.ndarray, " b"]
    text_bytes: int
    batches: list[PackedBatch]

    @property
    def tokens(self) -> int:
        """Real tokens of the block."""
        return int(self.lengths.sum())

    def sizes(self, label_columns: int, recipe: Recipe) -> Sizes:
        """Sizes of the block's arrays."""
        states = recipe.positions, len(recipe.layer_numbers)
        return Sizes(len(self.lengths), self.tokens, self.text_bytes, label_columns, *states)


class ComputePlan(NamedTuple):
    """All blocks that a process computes.

    Attributes:
        blocks: The blocks.
        shape: Shape of their batches.
        slots: Rows that a device has room for in batches of each height and length.
    """

    blocks: list[BlockPlan]
    shape: BatchShape
    slots: Mapping[tuple[int, int], int]

    @property
    def rows(self) -> int:
        """Rows in all blocks."""
        return sum(len(plan.lengths) for plan in self.blocks)

    @property
    def tokens(self) -> int:
        """Real tokens in all blocks."""
        return sum(block.tokens for block in self.blocks)

    @property
    def padded_tokens(self) -> int:
        """Tokens that the backbone computes, padding included."""
        return sum(padded_tokens(block.batches) for block in self.blocks)

    @property
    def first_of_each_shape(self) -> list[tuple[BlockPlan, PackedBatch]]:
        """The batches, in running order, that a program is compiled for; dropout takes a program of its own."""
        firsts: dict[tuple[int, int, bool], tuple[BlockPlan, PackedBatch]] = {}
        for plan in self.blocks:
            has_dropout = view_number(plan.block.split) > 0
            for batch in plan.batches:
                firsts.setdefault((batch.height, batch.length, has_dropout), (plan, batch))
        return list(firsts.values())

    def alike(self, batches: list[PackedBatch]) -> list[PackedBatch]:
        """Batches with room for as many rows as those of the plan that have their shape."""
        devices, planned = self.shape.devices, self.slots
        return [
            batch._replace(slots=max(slots_of(batch, devices), planned.get((batch.height, batch.length), 0)))
            for batch in batches
        ]

    def without(self, keys: Container[BlockKey]) -> "ComputePlan":
        """Return the plan of the other blocks."""
        return self._replace(blocks=[plan for plan in self.blocks if plan.block.key not in keys])


def cut(splits: dict[str, Int[np.ndarray, " _"]], block_rows: int) -> list[BlockRows]:
    """Cut every split into blocks.

    Args:
        splits: Positions of each split's rows, in the split's order.
        block_rows: Rows of a block; a split's last block may be shorter.
    """
    return [
        BlockRows(split, number, start, rows[start : start + block_rows])
        for split, rows in splits.items()
        for number, start in enumerate(range(0, len(rows), block_rows))
    ]


def plan_blocks(blocks: list[BlockRows], tokens: Tokens, shape: BatchShape) -> ComputePlan:
    """Cut blocks into batches.

    Args:
        blocks: Blocks to compute.
        tokens: Tokens of the blocks' rows, at least.
        shape: Shape of the batches.
    """

    def plan(block: BlockRows) -> BlockPlan:
        lengths, text_bytes = tokens.lengths[block.rows], int(tokens.text_lengths[block.rows].sum())
        return BlockPlan(block, lengths, text_bytes, plan_batches(lengths, shape))

    plans = [plan(block) for block in blocks]
    slots: dict[tuple[int, int], int] = {}
    for batch in itertools.chain.from_iterable(plan.batches for plan in plans):
        size = batch.height, batch.length
        slots[size] = max(slots.get(size, 0), slots_of(batch, shape.devices))
    whole = ComputePlan(plans, shape, slots)
    return whole._replace(blocks=[plan._replace(batches=whole.alike(plan.batches)) for plan in plans])
