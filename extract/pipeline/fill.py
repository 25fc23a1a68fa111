"""Fill a cache: the backbone computes one block while the one before it is written."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from jaxtyping import Int

from headstart.cache.block import Block
from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.text import readable
from headstart.cache.storage.store import StorageError
from headstart.cache.writer import CacheWriter
from headstart.extract.backbone.distilbert import Backbone, default_batch_tokens, device_count
from headstart.extract.features.blocks import BlockPlan, BlockRows, ComputePlan, plan_blocks
from headstart.extract.features.compute import compute_block, gather
from headstart.extract.features.packing import BatchShape, sequence_lengths
from headstart.extract.pipeline.accuracy import Accuracy, Backbones, measure
from headstart.extract.pipeline.context import RunContext
from headstart.extract.pipeline.forecast import check_space, estimate_seconds, is_full
from headstart.extract.pipeline.job import ExtractJob
from headstart.extract.pipeline.manifest import Made, Totals, finish, total
from headstart.extract.pipeline.partition import Partition
from headstart.extract.pipeline.reuse import Records, describe_growth, drop_unplanned, grown_from, take_over
from headstart.extract.text.tokenizer import Tokens


def fill(run: RunContext, backbones: Backbones, tokens: Tokens, share: Partition) -> None:
    """Compute this process's blocks, and finish the cache.

    Args:
        run: what to fill, and with whom.
        backbones: to fill it with, and to compare with; the exact one is closed after that.
        tokens: token ids of the share's rows, among all used rows.
        share: what is there, and what this process computes.

    Raises:
        UserError: a hidden state is not finite, or the disk is full.
    """
    job = run.job
    own = _plan(job, tokens, share.own)
    check_space(job.location, total(run, own).stored_bytes)
    before = _begin(run, share)
    records = dict(before)
    own = own._replace(blocks=[plan for plan in own.blocks if plan.block.key not in records])
    totals = total(run, own)
    # Described before compiling starts, which would keep the cores busy that it times.
    sizes = _describe(job, own, totals) if totals.rows else ""
    wanted = (gather(batch, block, tokens, job.rows) for block, batch in own.first_of_each_shape)
    with backbones.own.compiling_ahead(wanted):
        accuracy = _accuracy(run, backbones, share.compared, own, tokens)
        if sizes:
            run.listener.say(sizes)
        if own.blocks:
            records |= _compute(run, backbones.own, own, tokens)
    finish(run, share.blocks, records, Made(own.shape, totals, before, accuracy))


def _begin(run: RunContext, share: Partition) -> Records:
    """Make the folder a cache, unless it is one, and return the blocks that need no computing."""
    grown: Records = {}
    if run.hosts.first:
        run.writer.begin()
        drop_unplanned(run.writer, share.blocks)
        grown = _grown_blocks(run, share.missing)
    run.hosts.wait("the cache is begun")
    if share.records:
        run.listener.say(f"resuming: {len(share.records)} of {len(share.blocks)} blocks done")
    return share.records | (grown if run.hosts.first else run.committed(share.own))


def _plan(job: ExtractJob, tokens: Tokens, blocks: list[BlockRows]) -> ComputePlan:
    settings, packed = job.settings, job.precision.packed
    sequences = sequence_lengths(settings.max_length, packed, job.recipe.layout)
    batch_tokens = settings.batch_tokens or default_batch_tokens()
    return plan_blocks(blocks, tokens, BatchShape(sequences, batch_tokens, device_count(), packed))


def _accuracy(
    run: RunContext, backbones: Backbones, rows: Int[np.ndarray, " r"], own: ComputePlan, tokens: Tokens
) -> Accuracy | None:
    """Compare with the exact model, if it is another one and there are rows to compare, and close it."""
    if backbones.exact is None:
        return None
    accuracy = measure(run.job, backbones.own, backbones.exact, rows, own, tokens) if len(rows) else None
    backbones.exact.close()
    if accuracy:
        run.listener.say(f"{run.job.precision.compute_dtype} precision: {accuracy}")
    return accuracy


def _grown_blocks(run: RunContext, missing: list[BlockRows]) -> Records:
    """Take over the blocks of a cache that ours has grown from, if there is one."""
    old = grown_from(run.job) if missing else None
    if old is None:
        return {}
    records = take_over(old, run.writer, missing, run.job.rows)
    run.listener.say(describe_growth(run.job, old, len(records)))
    return records


def _compute(run: RunContext, backbone: Backbone, plan: ComputePlan, tokens: Tokens) -> Records:
    """Compute and write the planned blocks."""
    job, clock = run.job, run.clock
    dtype = np.dtype(job.settings.dtype)
    run.listener.start("backbone", plan.tokens, "tokens")

    def compute(block: BlockPlan) -> Block:
        with clock.measure("backbone"):
            return compute_block(
                backbone,
                block,
                tokens,
                job.rows,
                job.architecture.dim,
                dtype,
                run.listener.advance,
                job.recipe.layout,
            )

    waited = backbone.programs.waiting_seconds
    records = _write_behind(run, plan, compute)
    clock.seconds["compile"] = backbone.programs.compile_seconds
    clock.seconds["backbone"] = clock.seconds.get("backbone", 0.0) - (
        backbone.programs.waiting_seconds - waited
    )
    return records


def _write_behind(run: RunContext, plan: ComputePlan, compute: Callable[[BlockPlan], Block]) -> Records:
    """Write each block while the next is computed; one thread, so memory holds two blocks at most."""
    records: Records = {}
    writer = run.writer

    def write(own: BlockRows, block: Block) -> None:
        run.check_lock()  # right before: whoever lost it must not touch what another has finished
        with run.clock.measure("write"):
            try:
                record = writer.write_block(own.split, own.number, own.start, block)
            except StorageError:
                run.check_lock()  # whoever took it over may have removed what we were writing
                raise
            records[own.key] = record

    with ThreadPoolExecutor(1) as thread:
        writing: Future[None] | None = None
        for block_plan in plan.blocks:
            block = compute(block_plan)
            _wait(writing, writer)
            writing = thread.submit(write, block_plan.block, block)
            del block  # its memory is free as soon as it is written
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


def _describe(job: ExtractJob, own: ComputePlan, totals: Totals) -> str:
    mean = totals.tokens / totals.rows
    seconds = estimate_seconds(job.architecture, own.padded_tokens, mean, job.precision.operands)
    return (
        f"{totals.rows:,} rows, {totals.tokens:,} tokens (mean {mean:.1f}), "
        f"padding waste {totals.padding_waste:.1%} in {len(own.first_of_each_shape)} shapes of batches, "
        f"cache {totals.stored_bytes:,} bytes ({readable(totals.stored_bytes)}), backbone about {seconds:,.0f} s"
    )
