"""Finish a cache: the manifest names the blocks of all processes, and what they were made with."""

import importlib.metadata
from typing import NamedTuple

from cache.block import BlockRecord
from cache.manifest import Manifest
from extract.accuracy import Accuracy, as_json
from extract.backbone import describe_devices
from extract.batches import BatchShape
from extract.context import Run
from extract.plan import BlockRows
from extract.resume import Records
from extract.totals import Totals, padded_before

LIBRARIES = ("jax", "flax", "transformers", "tokenizers", "clean-text", "numpy", "tensorstore")


class Made(NamedTuple):
    """How the blocks of a cache were made.

    Attributes:
        shape: of the batches.
        totals: of the blocks that were computed just now.
        before: records of those that were there already.
        accuracy: of this process's features; None if they are the stock model's.
    """

    shape: BatchShape
    totals: Totals
    before: Records
    accuracy: Accuracy | None


def finish(run: Run, blocks: list[BlockRows], records: Records, made: Made) -> None:
    """Write the manifest, once the blocks of all processes are there.

    Args:
        run: whose cache it is.
        blocks: all that the manifest names.
        records: of those that this process knows; those of other processes are looked up.
        made: how.
    """
    run.hosts.wait("every block is written")
    if run.hosts.first:
        records |= run.committed(block for block in blocks if block.key not in records)
        run.check_lock()
        run.writer.finish(_manifest(run, blocks, records, made))
    run.hosts.wait("the cache is finished")


def _manifest(run: Run, blocks: list[BlockRows], records: Records, made: Made) -> Manifest:
    job, clock = run.job, run.clock
    splits: dict[str, list[BlockRecord]] = {block.split: [] for block in blocks}
    for block in blocks:
        splits[block.split].append(records[block.key])
    tokens = sum(records[block.key].tokens for block in blocks)
    padded = made.totals.padded_tokens + padded_before(run, made.before, made.shape)
    phases = ("clean", "tokenize", "compile", "backbone", "write")
    return Manifest(
        key=job.recipe.key,
        rows=sum(len(block.rows) for block in blocks),
        tokens=tokens,
        width=job.architecture.dim,
        dtype=job.settings.dtype,
        splits=splits,
        padding_waste=1 - tokens / padded,
        seconds={name: clock.seconds.get(name, 0.0) for name in phases} | {"total": clock.total()},
        device=describe_devices() | {"batch_tokens": made.shape.batch_tokens},
        accuracy=as_json(made.accuracy),
        versions={name: importlib.metadata.version(name) for name in LIBRARIES},
        source=job.source,
    )
