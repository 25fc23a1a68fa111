"""What a process will compute: blocks, batches and sizes, all known before the backbone runs."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from headstart.cache.storage.arrays import stored_bytes
from headstart.cache.block import Sizes, array_dtype, array_shape, block_name
from headstart.cache.layout import LAYOUTS
from headstart.cache.splits import view_number
from headstart.extract.features.packing import PackedBatch, BatchShape, padded_tokens, plan_batches
from headstart.extract.text.tokenizer import Tokens


class BlockRows(NamedTuple):
    """One block before its texts are read: a fixed run of a split's rows.

    Attributes:
        split: the split it belongs to.
        number: its number within the split.
        start: how many of the split's rows lie before it.
        rows: positions of its rows among all used rows, `[b]`.
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
    def key(self) -> tuple[str, int]:
        """Which block it is."""
        return self.split, self.number


class BlockPlan(NamedTuple):
    """One block that is computed.

    Attributes:
        block: which rows of which split.
        lengths: tokens of each row, `[b]` int32.
        text_bytes: bytes of its cleaned texts.
        batches: how the rows go through the backbone.
    """

    block: BlockRows
    lengths: Int[np.ndarray, " b"]
    text_bytes: int
    batches: list[PackedBatch]

    @property
    def tokens(self) -> int:
        """Real tokens of the block."""
        return int(self.lengths.sum())

    def stored_bytes(self, width: int, dtype: str, layout: str, label_columns: int, positions: int) -> int:
        """Bytes of the block's arrays on disk."""
        sizes = Sizes(len(self.lengths), self.tokens, self.text_bytes, label_columns, positions)
        return sum(
            stored_bytes(array_shape(field, sizes, width), array_dtype(field, dtype))
            for field in LAYOUTS[layout]
        )


class ComputePlan(NamedTuple):
    """All blocks that a process computes."""

    blocks: list[BlockPlan]
    shape: BatchShape

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
        """The batches, in the order in which they run, that a program is compiled for; dropout takes one of its own."""
        firsts: dict[tuple[int, int, bool], tuple[BlockPlan, PackedBatch]] = {}
        for plan in self.blocks:
            has_dropout = view_number(plan.block.split) > 0
            for batch in plan.batches:
                firsts.setdefault((batch.height, batch.length, has_dropout), (plan, batch))
        return list(firsts.values())

    def stored_bytes(self, width: int, dtype: str, layout: str, label_columns: int, positions: int) -> int:
        """Bytes of all arrays of a layout: vectors of this width, their storage dtype, checksums included."""
        return sum(
            block.stored_bytes(width, dtype, layout, label_columns, positions) for block in self.blocks
        )


def cut(splits: dict[str, Int[np.ndarray, " _"]], block_rows: int) -> list[BlockRows]:
    """Cut every split into blocks.

    Args:
        splits: positions of each split's rows, in the split's order.
        block_rows: rows of a block; a split's last block may be shorter.
    """
    return [
        BlockRows(split, number, start, rows[start : start + block_rows])
        for split, rows in splits.items()
        for number, start in enumerate(range(0, len(rows), block_rows))
    ]


def plan_blocks(blocks: list[BlockRows], tokens: Tokens, shape: BatchShape) -> ComputePlan:
    """Cut blocks into batches.

    Args:
        blocks: to compute.
        tokens: of their rows, at least.
        shape: what batches may look like.
    """

    def planned(block: BlockRows) -> BlockPlan:
        lengths, text_bytes = tokens.lengths[block.rows], int(tokens.text_lengths[block.rows].sum())
        return BlockPlan(block, lengths, text_bytes, plan_batches(lengths, shape))

    return ComputePlan([planned(block) for block in blocks], shape)
