"""Fill a cache: the backbone computes one block while the one before it is written."""

import importlib.metadata
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from cache.block import Block, BlockRecord
from cache.errors import UserError
from cache.listing import readable
from cache.lock import Lock
from cache.manifest import Manifest
from cache.store import StorageError
from cache.writer import CacheWriter
from extract.backbone import Backbone, default_batch_tokens, describe_devices, device_count
from extract.batches import bucket_lengths, packed_lengths
from extract.clock import Clock
from extract.compute import compute_block
from extract.estimate import estimate_seconds
from extract.job import Job
from extract.listener import Listener
from extract.nearest import describe_growth, grown_from
from extract.plan import BlockPlan, Plan, plan_blocks
from extract.resume import Records, committed_blocks, drop_unplanned, take_over
from extract.space import check_space, is_full
from extract.splitting import Splits
from extract.tokens import Tokens
from extract.weights import load_weights

LIBRARIES = ("jax", "flax", "transformers", "tokenizers", "clean-text", "numpy", "tensorstore")


def fill(
    job: Job,
    writer: CacheWriter,
    lock: Lock,
    tokens: Tokens,
    splits: Splits,
    clock: Clock,
    listener: Listener,
) -> None:
    """Compute the given splits, except the blocks that are there already, and finish the cache.

    Args:
        job: rows, backbone and recipe.
        writer: the cache to fill.
        lock: held; asked before every write whether it still is.
        tokens: token ids of all used rows.
        splits: positions of the rows of each split to compute.
        clock: adds up the seconds of each phase.
        listener: hears sizes and progress.

    Raises:
        UserError: the weights do not fit, a hidden state is not finite, or the disk is full.
    """
    plan = _plan(job, tokens, splits)
    done = committed_blocks(writer, plan, job.architecture.dim)
    check_space(job.location, _missing(plan, done).stored_bytes(job.architecture.dim, job.settings.dtype))
    backbone = _load(job)  # before anything is written: a backbone that does not fit leaves no cache behind
    writer.begin()
    drop_unplanned(writer, plan)
    records = done | _grown_blocks(job, writer, _missing(plan, done), listener)
    if done:
        listener.say(f"resuming: {len(done)} of {len(plan.blocks)} blocks done")
    if (todo := _missing(plan, records)).blocks:
        listener.say(_describe(todo, job))
        records |= _compute(job, writer, lock, backbone, todo, tokens, clock, listener)
    lock.check()
    writer.finish(_manifest(job, plan, records, clock))


def _plan(job: Job, tokens: Tokens, splits: Splits) -> Plan:
    settings, packed = job.settings, job.precision.packed
    sequences = (packed_lengths if packed else bucket_lengths)(settings.max_length)
    batch_tokens = settings.batch_tokens or default_batch_tokens()
    return plan_blocks(
        splits, tokens.lengths, settings.block_rows, sequences, batch_tokens, device_count(), packed
    )


def _load(job: Job) -> Backbone:
    weights = load_weights(job.checkpoint.weights)
    return Backbone(job.architecture, weights, job.precision, job.settings.dtype)


def _missing(plan: Plan, records: Records) -> Plan:
    return Plan([block for block in plan.blocks if (block.split, block.number) not in records])


def _grown_blocks(job: Job, writer: CacheWriter, plan: Plan, listener: Listener) -> Records:
    """Take over the blocks of a cache that ours has grown from, if there is one."""
    old = grown_from(job) if plan.blocks else None
    if old is None:
        return {}
    records = take_over(old, writer, plan, job.rows)
    listener.say(describe_growth(job, old, len(records)))
    return records


def _compute(
    job: Job,
    writer: CacheWriter,
    lock: Lock,
    backbone: Backbone,
    plan: Plan,
    tokens: Tokens,
    clock: Clock,
    listener: Listener,
) -> Records:
    """Compute and write the planned blocks."""
    dtype = np.dtype(job.settings.dtype)
    listener.start(plan.tokens)

    def compute(block: BlockPlan) -> Block:
        with clock.measure("backbone"):
            return compute_block(
                backbone,
                block,
                tokens,
                job.rows,
                job.architecture.dim,
                dtype,
                listener.advance,
            )

    records = _write_behind(plan, compute, writer, lock, clock)
    clock.seconds["compile"] = backbone.compile_seconds
    clock.seconds["backbone"] -= backbone.compile_seconds
    return records


def _write_behind(
    plan: Plan, compute: Callable[[BlockPlan], Block], writer: CacheWriter, lock: Lock, clock: Clock
) -> Records:
    """Write each block while the next is computed; one thread, so memory holds two blocks at most."""
    records: Records = {}

    def write(plan: BlockPlan, block: Block) -> None:
        lock.check()  # right before: whoever lost it must not touch what another has finished
        with clock.measure("write"):
            records[plan.split, plan.number] = writer.write_block(plan.split, plan.number, plan.start, block)

    with ThreadPoolExecutor(1) as thread:
        writing: Future[None] | None = None
        for block_plan in plan.blocks:
            block = compute(block_plan)
            _wait(writing, writer)
            writing = thread.submit(write, block_plan, block)
        _wait(writing, writer)
    return records


def _wait(writing: "Future[None] | None", writer: CacheWriter) -> None:
    """Wait for a write; a full disk is the user's to mend."""
    try:
        if writing:
            writing.result()
    except StorageError as error:
        if not is_full(error):
            raise
        raise UserError(
            f"the disk of {writer.store.location} is full; make room and run the same command again: "
            "it continues from the blocks that are there"
        ) from None


def _manifest(job: Job, plan: Plan, records: Records, clock: Clock) -> Manifest:
    splits: dict[str, list[BlockRecord]] = {block.split: [] for block in plan.blocks}
    for block in plan.blocks:
        splits[block.split].append(records[block.split, block.number])
    phases = ("clean", "tokenize", "compile", "backbone", "write")
    return Manifest(
        key=job.recipe.key,
        rows=plan.rows,
        tokens=plan.tokens,
        width=job.architecture.dim,
        dtype=job.settings.dtype,
        splits=splits,
        padding_waste=plan.padding_waste,
        seconds={name: clock.seconds.get(name, 0.0) for name in phases} | {"total": clock.total()},
        device=describe_devices(),
        versions={name: importlib.metadata.version(name) for name in LIBRARIES},
        source=job.source,
    )


def _describe(plan: Plan, job: Job) -> str:
    mean = plan.tokens / plan.rows
    seconds = estimate_seconds(job.architecture, plan.padded_tokens, mean, job.precision.operands)
    size = plan.stored_bytes(job.architecture.dim, job.settings.dtype)
    return (
        f"{plan.rows:,} rows, {plan.tokens:,} tokens (mean {mean:.1f}), padding waste "
        f"{plan.padding_waste:.1%}, cache {size:,} bytes ({readable(size)}), backbone about {seconds:,.0f} s"
    )
