"""Which blocks this process computes: known before any text is read, so that it reads only those blocks' texts."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from headstart.cache.splits import rows_split
from headstart.extract.features.blocks import BlockRows, cut
from headstart.extract.pipeline.context import RunContext
from headstart.extract.pipeline.distributed import Hosts
from headstart.extract.pipeline.reuse import Records
from headstart.extract.splits.rules import Splits
from headstart.extract.text.texts import Texts

COMPARED = 8  # rows on which precisions are compared: of the first block, always the same ones


class Partition(NamedTuple):
    """What there is to do, and this process's part of it.

    Attributes:
        blocks: of all wanted splits.
        records: of those that an earlier run wrote.
        own: missing ones that this process computes.
        compared: positions of the rows on which it compares precisions; none where another process does that.
    """

    blocks: list[BlockRows]
    records: Records
    own: list[BlockRows]
    compared: Int[np.ndarray, " r"]

    @property
    def missing(self) -> list[BlockRows]:
        """Blocks of all processes that are not there."""
        return [block for block in self.blocks if block.key not in self.records]

    @property
    def rows(self) -> Int[np.ndarray, " r"]:
        """Positions of the rows whose tokens are needed, ascending: of own blocks, and those to compare."""
        needed = [self.compared, *(block.rows for block in self.own)]
        return np.unique(np.concatenate(needed))


def partition_blocks(run: RunContext, splits: Splits) -> Partition:
    """Look up what is missing, and deal it among the processes.

    Args:
        run: whose cache it is.
        splits: positions of the rows of each split to compute.
    """
    blocks = cut(splits, run.job.settings.block_rows)
    records = run.committed(blocks)
    run.hosts.wait("every process knows what is missing")
    first = blocks[0].rows
    compared = first[np.random.default_rng(0).permutation(len(first))[: COMPARED if run.hosts.first else 0]]
    share = Partition(blocks, records, [], compared)
    return share._replace(own=_dealt(share.missing, run.hosts))


def _dealt(blocks: list[BlockRows], hosts: Hosts) -> list[BlockRows]:
    """A process's blocks; the views of a block are of the same texts, and stay together."""
    texts = [(rows_split(block.split), block.number) for block in blocks]
    turns = {own: turn for turn, own in enumerate(dict.fromkeys(texts))}
    return [
        block for block, own in zip(blocks, texts, strict=True) if turns[own] % hosts.count == hosts.index
    ]


def texts_of(texts: Sequence[str], rows: Int[np.ndarray, " r"]) -> Sequence[str]:
    """The texts of some rows."""
    if len(rows) == len(texts):
        return texts
    return texts.take(rows) if isinstance(texts, Texts) else [texts[row] for row in rows.tolist()]
