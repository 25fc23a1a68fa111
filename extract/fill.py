"""Fill a cache: the backbone computes one block while the one before it is written."""

import importlib.metadata
import platform
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from jaxtyping import Int

from cache.listing import readable
from cache.manifest import Block, BlockRecord, Manifest
from cache.writer import CacheWriter
from extract.backbone import Backbone, default_batch_tokens, describe_devices, device_count
from extract.batches import bucket_lengths
from extract.clock import Clock
from extract.compute import compute_block
from extract.estimate import estimate_seconds
from extract.job import Job
from extract.listener import Listener
from extract.plan import BlockPlan, Plan, plan_blocks
from extract.tokens import Tokens
from extract.weights import load_weights

LIBRARIES = ("jax", "flax", "transformers", "tokenizers", "clean-text", "numpy", "tensorstore")
Records = dict[str, list[BlockRecord]]


def fill(
    job: Job,
    writer: CacheWriter,
    tokens: Tokens,
    splits: dict[str, Int[np.ndarray, " _"]],
    clock: Clock,
    listener: Listener,
) -> None:
    """Compute the given splits and finish the cache.

    Args:
        job: rows, backbone and recipe.
        writer: the cache to fill.
        tokens: token ids of all used rows.
        splits: positions of the rows of each split to compute.
        clock: adds up the seconds of each phase.
        listener: hears sizes and progress.

    Raises:
        UserError: the weights do not fit, or a hidden state is not finite.
    """
    settings = job.settings
    buckets = bucket_lengths(settings.max_length)
    batch_tokens = settings.batch_tokens or default_batch_tokens()
    plan = plan_blocks(splits, tokens.lengths, settings.block_rows, buckets, batch_tokens, device_count())
    listener.say(_describe(plan, job))
    weights = load_weights(job.checkpoint.weights)
    backbone = Backbone(
        job.architecture, weights, settings.compute_dtype, settings.dtype, settings.matmul_precision
    )
    listener.start(plan.tokens)
    records = _write_blocks(job, writer, backbone, plan, tokens, clock, listener)
    writer.finish(_manifest(job, plan, records, clock, backbone.compile_seconds))


def _write_blocks(
    job: Job,
    writer: CacheWriter,
    backbone: Backbone,
    plan: Plan,
    tokens: Tokens,
    clock: Clock,
    listener: Listener,
) -> Records:
    """Compute block after block; one thread writes, so memory holds two blocks at most."""
    records: Records = {}
    dtype = np.dtype(job.settings.dtype)

    def write(block_plan: BlockPlan, block: Block) -> None:
        with clock.measure("write"):
            record = writer.write_block(block_plan.split, block_plan.number, block_plan.start, block)
        records.setdefault(block_plan.split, []).append(record)

    with ThreadPoolExecutor(1) as thread:
        writing: Future[None] | None = None
        for block_plan in plan.blocks:
            with clock.measure("backbone"):
                block = compute_block(
                    backbone, block_plan, tokens, job.rows, job.architecture.dim, dtype, listener.advance
                )
            if writing:
                writing.result()
            writing = thread.submit(write, block_plan, block)
        if writing:
            writing.result()
    return records


def _manifest(job: Job, plan: Plan, records: Records, clock: Clock, compile_seconds: float) -> Manifest:
    seconds = {**clock.seconds, "compile": compile_seconds, "total": clock.total()}
    seconds["backbone"] -= compile_seconds
    blocks = [block for split in records.values() for block in split]
    return Manifest(
        key=job.recipe.key,
        rows=sum(block.rows for block in blocks),
        tokens=sum(block.tokens for block in blocks),
        width=job.architecture.dim,
        dtype=job.settings.dtype,
        splits=records,
        padding_waste=plan.padding_waste,
        seconds=seconds,
        device=describe_devices(),
        versions={name: importlib.metadata.version(name) for name in LIBRARIES},
        source=_source(job),
    )


def _source(job: Job) -> dict[str, object]:
    """Name, for people, what the cache was made from; values do not depend on it."""
    text, label = job.rows.columns
    return {
        "data": job.settings.data.rsplit("/")[-1],
        "text_column": text,
        "label_column": label,
        "rows_without_text": job.rows.missing,
        "backbone": job.checkpoint.name,
        "python": platform.python_version(),
    }


def _describe(plan: Plan, job: Job) -> str:
    settings, width = job.settings, job.architecture.dim
    mean = plan.tokens / plan.rows
    seconds = estimate_seconds(job.architecture, plan.padded_tokens, mean, settings.compute_dtype)
    size = plan.stored_bytes(width, 4 if settings.dtype == "float32" else 2)
    return (
        f"{plan.rows:,} rows, {plan.tokens:,} tokens (mean {mean:.1f}), padding waste "
        f"{plan.padding_waste:.1%}, cache {size:,} bytes ({readable(size)}), backbone about {seconds:,.0f} s"
    )
