"""Blocks that need no computing: committed by an earlier run, or held by the cache that ours has grown from."""

from collections.abc import Iterable

import numpy as np

from cache.arrays import check_size
from cache.block import Block, BlockRecord, array_dtype
from cache.errors import CacheError
from cache.reader import Cache
from cache.writer import CacheWriter
from extract.plan import BlockRows
from extract.rows import Rows

Records = dict[tuple[str, int], BlockRecord]


def committed_blocks(writer: CacheWriter, blocks: Iterable[BlockRows], width: int) -> Records:
    """Return the records of blocks that are on disk whole, by split and number.

    The recipe decides what is in a block of so many rows behind so many others, tokens included.
    """
    found = {}
    for block in blocks:
        record = writer.committed(block.split, block.number)
        planned = record and (record.start, record.rows) == (block.start, len(block.rows))
        if record and planned and _is_whole(writer, block.split, record, width):
            found[block.key] = record
    return found


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
    planned = {(block.split, block.name) for block in blocks}
    splits = {split for split, _ in planned}
    found = {tuple(name.split("/")[:2]) for split in splits for name in writer.store.files(split)}
    for split, name in sorted(found - planned):
        writer.store.delete_folder(f"{split}/{name}")


def take_over(old: Cache, writer: CacheWriter, blocks: Iterable[BlockRows], rows: Rows) -> Records:
    """Copy those blocks that an older cache holds with the very same rows."""
    held = {(split, record.start, record.rows): record for split, record in old.manifest.blocks()}
    taken = {}
    for block in blocks:
        record = held.get((block.split, block.start, len(block.rows)))
        if record and (copy := _same_block(old, block, record, rows)):
            taken[block.key] = writer.write_block(block.split, block.number, block.start, copy)
    return taken


def _same_block(old: Cache, block: BlockRows, record: BlockRecord, rows: Rows) -> Block | None:
    """Return an older cache's block if its rows are the planned ones, and it is sound."""
    try:
        if np.array_equal(old.read(block.split, record, "rows"), rows.rows[block.rows]):
            return old.read_block(block.split, record)
    except CacheError:  # damaged: computed instead
        pass
    return None
