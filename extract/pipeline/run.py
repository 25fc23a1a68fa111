"""Stage one, from settings to a finished cache.

The job (`job`) names the features; missing blocks (`partition`) are taken from a cache that has grown (`reuse`), or
computed from tokens (`tokens`, `extractor`) and written (`block_writer`); the manifest (`manifest`) comes last.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from typing import TYPE_CHECKING

from headstart.cache.runtime.progress import Clock, Reporter
from headstart.cache.splits import rows_split
from headstart.cache.writer import CacheWriter
from headstart.extract.features.blocks import Records
from headstart.extract.pipeline.block_writer import writing_behind
from headstart.extract.pipeline.distributed import check_hosts, join
from headstart.extract.pipeline.forecast import add_up, check_space, describe
from headstart.extract.pipeline.job import ExtractJob, RunContext, prepare
from headstart.extract.pipeline.manifest import Computation, make_manifest
from headstart.extract.pipeline.partition import (
    Partition,
    committed_blocks,
    drop_unplanned,
    partition_blocks,
)
from headstart.extract.pipeline.reuse import describe_nearest, reuse_blocks
from headstart.extract.pipeline.tokens import report_damaged, report_empty, tokenize_while_loading
from headstart.extract.settings import Settings
from headstart.extract.splits.coverage import describe_absent
from headstart.extract.splits.rules import Splits
from headstart.extract.splits.splitter import split_dataset
from headstart.extract.text.tokenizer import among

if TYPE_CHECKING:
    from headstart.extract.pipeline.accuracy import Backbones
    from headstart.extract.pipeline.extractor import FeatureExtractor


def extract(settings: Settings, reporter: Reporter) -> str:
    """Run stage one and return the cache's location.

    Raises:
        UserError: the data, the backbone or a setting is not what it has to be.
    """
    clock = Clock()
    check_hosts(settings)  # a mistake is reported before a large file is read
    with reporter.phase("reading the data and hashing the encoder's files"):
        job = prepare(settings)
    for line in (job.describe(), *job.dataset.counts.details(), *job.remarks):
        reporter.log(line)
    writer = CacheWriter(job.location, job.recipe)
    if missing_splits(job, writer):
        _complete(job, writer, clock, reporter)
    else:
        reporter.log("the cache is complete already: nothing to compute")
    return job.location


def missing_splits(job: ExtractJob, writer: CacheWriter) -> list[str]:
    """Names of the splits that the job names and the cache does not hold."""
    finished = writer.finished_splits()
    return [name for name in job.splits if name not in finished]


def _complete(job: ExtractJob, writer: CacheWriter, clock: Clock, reporter: Reporter) -> None:
    """Meet the other processes, lock the cache, and compute the splits that it lacks."""
    hosts = join(job.settings)
    reporter = reporter if hosts.first else Reporter()
    with hosts.lost_on_error():
        splits = split_dataset(job.dataset, job.settings)
        for line in describe_absent(job.dataset, splits, job.settings):
            reporter.log(line)
        with writer.alone(reporter.log) if hosts.first else nullcontext() as lock:
            hosts.wait("the first process has the lock")
            # Asked again: while we waited for the lock, another job may have filled them.
            if missing := missing_splits(job, writer):
                check_lock = lock.check if lock else lambda: None
                run = RunContext(job, writer, check_lock, hosts, clock, reporter)
                _compute_splits(run, {name: splits[rows_split(name)] for name in missing})


def _compute_splits(run: RunContext, splits: Splits) -> None:
    """Compute and write every missing block of some splits, then the manifest."""
    partition = partition_blocks(run, splits)
    phase = run.reporter.phase
    with phase("loading JAX and the encoder"):
        extractor = _load(run, partition)
    with phase("planning the batches"):
        plan = extractor.plan(partition.assigned)
        check_space(run.job.location, add_up(run, plan).stored_bytes)
        reused = _begin(run, partition)
        plan = plan.without(reused)
        totals = add_up(run, plan)
        # Timed before compiling starts, which would keep the cores busy.
        sizes = [describe(run.job, plan, totals)] if totals.rows else []
    with extractor.compiling_ahead(plan), writing_behind(run) as writer:
        with phase("compiling, and checking the accuracy on a few rows"):
            accuracy = extractor.measure_accuracy(partition.compared, plan)
        for line in sizes:
            run.reporter.log(line)
        if plan.blocks:
            run.reporter.start("backbone", plan.tokens, "tokens")
        for block in plan.blocks:
            writer.write(block.block, extractor.compute(block))
    computation = Computation(plan.shape, totals.padded_tokens, reused, extractor.device, accuracy)
    with phase("finishing the cache"):
        _finish(run, partition, reused | writer.records, computation)


def _load(run: RunContext, partition: Partition) -> "FeatureExtractor":
    """Load the backbone while this process's texts become tokens."""
    job = run.job

    def load(thread: ThreadPoolExecutor) -> "Future[Backbones]":
        # Only now: the imports take seconds. A cache that is complete is recognised without them.
        from headstart.extract.pipeline.extractor import load_backbones

        return thread.submit(load_backbones, job)

    with run.hosts.together():
        tokens, backbones, damaged = tokenize_while_loading(run, partition.rows, load)
    from headstart.extract.pipeline.extractor import FeatureExtractor

    report_empty(run, tokens, resumed=bool(partition.records))
    report_damaged(run, damaged, len(partition.rows))
    if nearest := describe_nearest(job):
        run.reporter.log(nearest)
    return FeatureExtractor(run, backbones, among(tokens, partition.rows, len(job.dataset.texts)))


def _begin(run: RunContext, partition: Partition) -> Records:
    """Make the folder a cache, unless it is one, and return the blocks that need no computing."""
    grown: Records = {}
    if run.hosts.first:
        run.writer.begin()
        drop_unplanned(run.writer, partition.blocks)
        grown = reuse_blocks(run, partition.missing)
    run.hosts.wait("the cache is begun")
    if partition.records:
        run.reporter.log(f"resuming: {len(partition.records)} of {len(partition.blocks)} blocks done")
    return partition.records | (grown if run.hosts.first else committed_blocks(run, partition.assigned))


def _finish(run: RunContext, partition: Partition, records: Records, computation: Computation) -> None:
    """Write the manifest, once the blocks of all processes are there."""
    run.hosts.wait("every block is written")
    if run.hosts.first:
        others = [block for block in partition.blocks if block.key not in records]
        records |= committed_blocks(run, others)
        run.check_lock()
        run.writer.finish(make_manifest(run, partition.blocks, records, computation))
    run.hosts.wait("the cache is finished")
