"""The manifest of a finished cache: the blocks of all processes, and the circumstances of their computation."""

import importlib.metadata
from typing import Any, NamedTuple

import numpy as np

from headstart.cache.block import BlockRecord
from headstart.cache.manifest import Manifest
from headstart.cache.runtime.errors import CacheError
from headstart.cache.runtime.progress import Clock
from headstart.cache.storage.arrays import read_array
from headstart.extract.features.blocks import BlockRows, Records
from headstart.extract.features.packing import BatchShape, padded_tokens, plan_batches
from headstart.extract.pipeline.job import RunContext

LIBRARIES = ("jax", "flax", "transformers", "tokenizers", "clean-text", "numpy", "tensorstore")
PHASES = ("clean", "tokenize", "compile", "backbone", "write")


class Computation(NamedTuple):
    """Batches, device and accuracy with which the blocks of a cache were computed.

    Attributes:
        shape: Shape of the batches.
        padded_tokens: Tokens that the backbones of all processes have computed just now, padding included.
        reused: Records of the blocks that were there already.
        device: Kind and number of the devices, and the size of their batches.
        accuracy: Accuracy of this process's features; empty if they are the stock model's.
    """

    shape: BatchShape
    padded_tokens: int
    reused: Records
    device: dict[str, Any]
    accuracy: dict[str, Any]


def make_manifest(
    run: RunContext, blocks: list[BlockRows], records: Records, computation: Computation
) -> Manifest:
    """Describe a cache.

    Args:
        run: The run whose cache it is.
        blocks: All blocks that the manifest names.
        records: Records of all these blocks.
        computation: The circumstances of their computation.
    """
    job = run.job
    tokens = sum(records[block.key].tokens for block in blocks)
    padded = computation.padded_tokens + padded_before(run, computation.reused, computation.shape)
    return Manifest(
        key=job.recipe.key,
        rows=sum(len(block.rows) for block in blocks),
        tokens=tokens,
        width=job.architecture.dim,
        dtype=job.settings.dtype,
        splits=records_by_split(blocks, records),
        padding_waste=1 - tokens / padded,
        seconds=phase_seconds(run.clock),
        device=computation.device,
        accuracy=computation.accuracy,
        versions=library_versions(),
        source=job.source,
    )


def records_by_split(blocks: list[BlockRows], records: Records) -> dict[str, list[BlockRecord]]:
    """Records of blocks, in their order, by the names of their splits."""
    splits: dict[str, list[BlockRecord]] = {}
    for block in blocks:
        splits.setdefault(block.split, []).append(records[block.key])
    return splits


def phase_seconds(clock: Clock) -> dict[str, float]:
    """Seconds of each phase, of those that did not come, too, and of all."""
    return {name: clock.seconds.get(name, 0.0) for name in PHASES} | {"total": clock.total()}


def library_versions() -> dict[str, str]:
    """Releases of the libraries that take part."""
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def padded_before(run: RunContext, records: Records, shape: BatchShape) -> int:
    """Tokens, padding included, of blocks that are there already; one that cannot be read counts without."""
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
