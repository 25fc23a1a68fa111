"""The missing blocks, and those of them that this process computes: known before any text is read."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from headstart.cache.block import BlockRecord, array_dtype
from headstart.cache.names import is_ours
from headstart.cache.runtime.errors import CacheError
from headstart.cache.splits import rows_split
from headstart.cache.storage.arrays import check_size
from headstart.cache.writer import CacheWriter
from headstart.extract.features.blocks import BlockRows, Records, cut
from headstart.extract.pipeline.distributed import Hosts
from headstart.extract.pipeline.job import RunContext
from headstart.extract.splits.rules import Splits

COMPARED = 8
"""Rows on which precisions are compared: of the first block, always the same ones."""


class Partition(NamedTuple):
    """The blocks of a cache, and this process's part of them.

    Attributes:
        blocks: All blocks of the splits to compute.
        records: Records of the blocks that an earlier run wrote.
        assigned: Missing blocks that this process computes.
        compared: Positions of the rows on which it compares precisions, `[r]`; none where another process does that.
    """

    blocks: list[BlockRows]
    records: Records
    assigned: list[BlockRows]
    compared: Int[np.ndarray, " r"]

    @property
    def missing(self) -> list[BlockRows]:
        """Blocks of all processes that are not there."""
        return [block for block in self.blocks if block.key not in self.records]

    @property
    def rows(self) -> Int[np.ndarray, " r"]:
        """Positions of the rows whose tokens this process needs, ascending: of assigned blocks, and to compare."""
        return np.unique(np.concatenate([self.compared, *(block.rows for block in self.assigned)]))


def partition_blocks(run: RunContext, splits: Splits) -> Partition:
    """Look up which blocks are missing, and share them among the processes.

    Args:
        run: The run whose cache it is.
        splits: Positions of the rows of each split to compute.
    """
    blocks = cut(splits, run.job.settings.block_rows)
    records = committed_blocks(run, blocks)
    run.hosts.wait("every process knows what is missing")
    first = blocks[0].rows
    compared = first[np.random.default_rng(0).permutation(len(first))[: COMPARED if run.hosts.first else 0]]
    partition = Partition(blocks, records, [], compared)
    return partition._replace(assigned=_assigned(partition.missing, run.hosts))


def _assigned(blocks: list[BlockRows], hosts: Hosts) -> list[BlockRows]:
    """A process's blocks; the views of a block are of the same texts, and stay together."""
    texts = [(rows_split(block.split), block.number) for block in blocks]
    turns = {key: turn for turn, key in enumerate(dict.fromkeys(texts))}
    return [
        block for block, key in zip(blocks, texts, strict=True) if turns[key] % hosts.count == hosts.index
    ]


def committed_blocks(run: RunContext, blocks: Iterable[BlockRows]) -> Records:
    """Return the records of blocks that are on disk whole.

    The recipe decides what is in a block of so many rows behind so many others, tokens included.
    """
    records = {}
    for block in blocks:
        record = run.writer.committed(block.split, block.number)
        planned = record and (record.start, record.rows) == (block.start, len(block.rows))
        if record and planned and _is_whole(run.writer, block.split, record, run.job.architecture.dim):
            records[block.key] = record
    return records


def _is_whole(writer: CacheWriter, split: str, record: BlockRecord, width: int) -> bool:
    """Whether all arrays have their size; their content is for `verify`."""
    try:
        for field in record.arrays:
            dtype = array_dtype(field, writer.recipe.storage_dtype)
            check_size(writer.store, f"{split}/{record.name}/{field}", record.shape(field, width), dtype)
    except CacheError:
        return False
    return True


def drop_unplanned(writer: CacheWriter, blocks: Iterable[BlockRows]) -> None:
    """Remove blocks that are none of these: an earlier run with smaller blocks left them."""
    planned = {f"{block.split}/{block.name}" for block in blocks}
    splits = {block.split for block in blocks}
    names = [name for split in splits for name in writer.store.files(split) if is_ours(name)]
    stored = {"/".join(name.split("/")[:2]) for name in names if name.count("/") > 1}
    for name in sorted(stored - planned):
        writer.store.delete_folder(name, is_ours)
