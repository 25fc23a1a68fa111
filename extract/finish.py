"""Finish a cache: the manifest names the blocks of all processes, and what they were made with."""

import importlib.metadata

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


def finish(
    run: Run,
    blocks: list[BlockRows],
    shape: BatchShape,
    totals: Totals,
    before: Records,
    records: Records,
    accuracy: Accuracy | None,
) -> None:
    """Write the manifest, once the blocks of all processes are there."""
    run.hosts.wait("every block is written")
    if run.hosts.first:
        records |= run.committed(block for block in blocks if block.key not in records)
        run.check_lock()
        run.writer.finish(_manifest(run, blocks, shape, totals, before, records, accuracy))
    run.hosts.wait("the cache is finished")


def _manifest(
    run: Run,
    blocks: list[BlockRows],
    shape: BatchShape,
    totals: Totals,
    before: Records,
    records: Records,
    accuracy: Accuracy | None,
) -> Manifest:
    job, clock = run.job, run.clock
    splits: dict[str, list[BlockRecord]] = {block.split: [] for block in blocks}
    for block in blocks:
        splits[block.split].append(records[block.key])
    tokens = sum(records[block.key].tokens for block in blocks)
    padded = totals.padded_tokens + padded_before(run, before, shape)
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
        device=describe_devices() | {"batch_tokens": shape.batch_tokens},
        accuracy=as_json(accuracy),
        versions={name: importlib.metadata.version(name) for name in LIBRARIES},
        source=job.source,
    )
