"""Fill a cache: the backbone computes one block while the one before it is written."""

import importlib.metadata
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from cache.block import Block, BlockRecord
from cache.errors import UserError
from cache.listing import readable
from cache.manifest import Manifest
from cache.store import StorageError
from cache.writer import CacheWriter
from extract.accuracy import Accuracy, as_json, measure
from extract.backbone import Backbone, default_batch_tokens, describe_devices, device_count
from extract.batches import BatchShape, sequence_lengths
from extract.compute import compute_block, gather
from extract.context import Run
from extract.estimate import estimate_seconds
from extract.job import Job
from extract.loading import Backbones
from extract.nearest import describe_growth, grown_from
from extract.plan import BlockPlan, Plan, plan_blocks
from extract.resume import Records, drop_unplanned, take_over
from extract.space import check_space, is_full
from extract.splitting import Splits
from extract.tokens import Tokens

LIBRARIES = ("jax", "flax", "transformers", "tokenizers", "clean-text", "numpy", "tensorstore")


def fill(run: Run, backbones: Backbones, tokens: Tokens, splits: Splits) -> None:
    """Compute the given splits, except the blocks that are there already, and finish the cache.

    Args:
        run: what to fill, and with whom.
        backbones: to fill it with, and to compare with; the exact one is closed after that.
        tokens: token ids of all used rows.
        splits: positions of the rows of each split to compute.

    Raises:
        UserError: a hidden state is not finite, or the disk is full.
    """
    job = run.job
    plan = _plan(job, tokens, splits)
    check_space(job.location, _stored_bytes(job, _missing(plan, run.committed(plan))))
    records = _begin(run, plan)
    todo = _missing(plan, records)
    own = todo._replace(blocks=todo.blocks[run.hosts.index :: run.hosts.count])
    sizes = _describe(todo, job) if todo.blocks else ""  # it times the cores, which compiling would keep busy
    wanted = (gather(batch, block, tokens, job.rows) for block, batch in own.first_of_each_shape)
    with backbones.own.compiling_ahead(wanted):
        accuracy = _accuracy(run, backbones, plan, tokens)
        if todo.blocks:
            run.listener.say(sizes)
            records |= _compute(run, backbones.own, own, tokens)
    _finish(run, plan, records, accuracy)


def _begin(run: Run, plan: Plan) -> Records:
    """Make the folder a cache, unless it is one, and return the blocks that need no computing."""
    grown: Records = {}
    if run.hosts.first:
        run.writer.begin()
        drop_unplanned(run.writer, plan)
        grown = _grown_blocks(run, _missing(plan, run.committed(plan)))
    run.hosts.wait("the cache is begun")
    records = run.committed(plan)
    run.hosts.wait("every process knows what is missing")
    if len(records) > len(grown):
        run.listener.say(f"resuming: {len(records) - len(grown)} of {len(plan.blocks)} blocks done")
    return records


def _finish(run: Run, plan: Plan, records: Records, accuracy: Accuracy | None) -> None:
    """Write the manifest, once the blocks of all processes are there."""
    run.hosts.wait("every block is written")
    if run.hosts.first:
        records |= run.committed(_missing(plan, records))
        run.check_lock()
        run.writer.finish(_manifest(run, plan, records, accuracy))
    run.hosts.wait("the cache is finished")


def _plan(job: Job, tokens: Tokens, splits: Splits) -> Plan:
    settings, packed = job.settings, job.precision.packed
    sequences = sequence_lengths(settings.max_length, packed, job.recipe.layout)
    batch_tokens = settings.batch_tokens or default_batch_tokens()
    shape = BatchShape(sequences, batch_tokens, device_count(), packed)
    return plan_blocks(splits, tokens, settings.block_rows, shape)


def _accuracy(run: Run, backbones: Backbones, plan: Plan, tokens: Tokens) -> Accuracy | None:
    """Compare with the exact model and close it, unless the backbone is that very model."""
    if backbones.exact is None:
        return None
    accuracy = measure(run.job, backbones.own, backbones.exact, plan, tokens)
    backbones.exact.close()
    run.listener.say(f"{run.job.precision.compute_dtype} precision: {accuracy}")
    return accuracy


def _stored_bytes(job: Job, plan: Plan) -> int:
    columns = job.rows.labels.shape[1] if job.rows.labels.ndim == 2 else 0
    recipe = job.recipe
    return plan.stored_bytes(
        job.architecture.dim, job.settings.dtype, recipe.layout, columns, recipe.positions
    )


def _missing(plan: Plan, records: Records) -> Plan:
    return plan._replace(
        blocks=[block for block in plan.blocks if (block.split, block.number) not in records]
    )


def _grown_blocks(run: Run, plan: Plan) -> Records:
    """Take over the blocks of a cache that ours has grown from, if there is one."""
    old = grown_from(run.job) if plan.blocks else None
    if old is None:
        return {}
    records = take_over(old, run.writer, plan, run.job.rows)
    run.listener.say(describe_growth(run.job, old, len(records)))
    return records


def _compute(run: Run, backbone: Backbone, plan: Plan, tokens: Tokens) -> Records:
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


def _write_behind(run: Run, plan: Plan, compute: Callable[[BlockPlan], Block]) -> Records:
    """Write each block while the next is computed; one thread, so memory holds two blocks at most."""
    records: Records = {}
    writer = run.writer

    def write(plan: BlockPlan, block: Block) -> None:
        run.check_lock()  # right before: whoever lost it must not touch what another has finished
        with run.clock.measure("write"):
            records[plan.split, plan.number] = writer.write_block(plan.split, plan.number, plan.start, block)

    with ThreadPoolExecutor(1) as thread:
        writing: Future[None] | None = None
        for block_plan in plan.blocks:
            block = compute(block_plan)
            _wait(writing, writer)
            writing = thread.submit(write, block_plan, block)
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


def _manifest(run: Run, plan: Plan, records: Records, accuracy: Accuracy | None) -> Manifest:
    job, clock = run.job, run.clock
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
        device=describe_devices() | {"batch_tokens": plan.shape.batch_tokens},
        accuracy=as_json(accuracy),
        versions={name: importlib.metadata.version(name) for name in LIBRARIES},
        source=job.source,
    )


def _describe(plan: Plan, job: Job) -> str:
    mean = plan.tokens / plan.rows
    seconds = estimate_seconds(job.architecture, plan.padded_tokens, mean, job.precision.operands)
    size = _stored_bytes(job, plan)
    return (
        f"{plan.rows:,} rows, {plan.tokens:,} tokens (mean {mean:.1f}), padding waste {plan.padding_waste:.1%} "
        f"in {len(plan.first_of_each_shape)} shapes of batches, cache {size:,} bytes ({readable(size)}), "
        f"backbone about {seconds:,.0f} s"
    )
