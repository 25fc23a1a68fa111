"""Finish a cache: the manifest names the blocks of all processes, and what they were made with."""

import importlib.metadata
from typing import NamedTuple

import numpy as np

from headstart.cache.block import BlockRecord
from headstart.cache.manifest import Manifest
from headstart.cache.runtime.errors import CacheError
from headstart.cache.storage.arrays import read_array
from headstart.extract.backbone.distilbert import describe_devices
from headstart.extract.features.blocks import BlockRows, ComputePlan
from headstart.extract.features.packing import BatchShape, padded_tokens, plan_batches
from headstart.extract.pipeline.accuracy import Accuracy, as_json
from headstart.extract.pipeline.context import RunContext
from headstart.extract.pipeline.reuse import Records

LIBRARIES = ("jax", "flax", "transformers", "tokenizers", "clean-text", "numpy", "tensorstore")


class Totals(NamedTuple):
    """What all processes together will compute.

    Attributes:
        rows: of their blocks.
        tokens: real ones.
        padded_tokens: that their backbones compute.
        stored_bytes: of the arrays.
    """

    rows: int
    tokens: int
    padded_tokens: int
    stored_bytes: int

    @property
    def padding_waste(self) -> float:
        """Share of the computed tokens that are padding; 0 where nothing is computed."""
        return 1 - self.tokens / self.padded_tokens if self.padded_tokens else 0.0


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


def finish(run: RunContext, blocks: list[BlockRows], records: Records, made: Made) -> None:
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


def _manifest(run: RunContext, blocks: list[BlockRows], records: Records, made: Made) -> Manifest:
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


def padded_before(run: RunContext, records: Records, shape: BatchShape) -> int:
    """Tokens, padding included, that blocks took which are there already; one that cannot be read counts without."""
    padded = 0
    for (split, _), record in records.items():
        name = f"{split}/{record.name}/lengths"
        try:
            lengths = read_array(run.writer.store, name, (record.rows,), np.dtype(np.int32))
        except CacheError:  # `verify` names it
            padded += record.tokens
        else:
            padded += padded_tokens(plan_batches(lengths, shape))
    return padded


def total(run: RunContext, own: ComputePlan) -> Totals:
    """Add up the plans of all processes, every one of which asks at the same place."""
    job, recipe = run.job, run.job.recipe
    columns = job.rows.labels.shape[1] if job.rows.labels.ndim == 2 else 0
    stored = own.stored_bytes(
        job.architecture.dim, job.settings.dtype, recipe.layout, columns, recipe.positions
    )
    return Totals(*run.hosts.total((own.rows, own.tokens, own.padded_tokens, stored)))
