"""A worker: its units, one after another, each read, computed and committed by itself.

Workers need no other: a unit is claimed by a lock of its own, its blocks and at last its record are written, and what
is there is not computed again. Which splits a row belongs to is decided by its text alone.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Int

from headstart.cache.runtime.errors import CacheError, UserError
from headstart.cache.runtime.progress import Clock, Reporter
from headstart.cache.splits import rows_split
from headstart.cache.storage.lock import held
from headstart.cache.storage.store import Store
from headstart.cache.unit import (
    COUNTS,
    MOST_BLOCKS,
    NAME,
    UnitRecord,
    first_block,
    read_unit_record,
    unit_folder,
)
from headstart.cache.writer import CacheWriter
from headstart.extract.dataset.dataset import RowCounts
from headstart.extract.features.blocks import BlockRows, ComputePlan, cut
from headstart.extract.pipeline.block_writer import writing_behind
from headstart.extract.pipeline.distributed import Hosts
from headstart.extract.pipeline.forecast import check_space, planned_bytes
from headstart.extract.pipeline.job import ExtractJob, RunContext
from headstart.extract.pipeline.manifest import phase_seconds, records_by_split
from headstart.extract.pipeline.partition import COMPARED, committed_blocks
from headstart.extract.pipeline.tokens import report_damaged, tokenize_while_loading
from headstart.extract.settings import Settings
from headstart.extract.splits.rules import split_by_content
from headstart.extract.text.tokenizer import among
from headstart.extract.units.job import UnitsJob, prepare_units
from headstart.extract.units.unit import Unit
from headstart.extract.units.worker_number import read_worker

if TYPE_CHECKING:
    from headstart.extract.pipeline.extractor import FeatureExtractor


def work(settings: Settings, reporter: Reporter) -> UnitsJob:
    """Compute a worker's units; returns the job, which `extract.units.finish` ends.

    Raises:
        UserError: the data, the backbone or a setting is not what it has to be.
    """
    worker = read_worker(settings.worker or "")
    with reporter.phase("finding the parts of the data and hashing the encoder's files"):
        job = prepare_units(settings)
    shares = job.units[worker.number :: worker.workers]
    for line in job.describe():
        reporter.log(line)
    reporter.log(f"worker {worker}: {len(shares):,} of {len(job.units):,} units")
    unit_worker = UnitWorker(job, reporter)
    for unit in shares:
        unit_worker.complete(unit)
    return job


class UnitWorker:
    """Computes units; from one to the next it keeps the backbones, with their programs.

    Attributes:
        job: The job.
    """

    def __init__(self, job: UnitsJob, reporter: Reporter) -> None:
        self.job, self._reporter = job, reporter
        self._writer = CacheWriter(job.job.location, job.job.recipe)
        self._writer.begin()
        self._backbones: Any = None
        self._compared = False

    def complete(self, unit: Unit) -> UnitRecord:
        """Compute what a unit lacks, alone; returns its record.

        Raises:
            UserError: its rows cannot be read, or computed.
        """
        place = Store(f"{self._writer.store.location}/{unit_folder(unit.number)}")
        if record := self._finished(unit):
            return record
        with held(place, self._reporter.log) as lock:
            if record := self._finished(unit):  # whoever held the lock was computing it
                return record
            run = RunContext(self.job.read(unit), self._writer, lock.check, Hosts(), Clock(), self._reporter)
            record = self._compute(run, unit)
            lock.check()
            place.remove_partials(NAME)
            place.write_json(NAME, record.to_json())
        counts = run.job.dataset.counts
        for line in (f"unit {unit.number:,} of {len(self.job.units):,}: {_said(counts)}", *counts.details()):
            self._reporter.log(line)
        return record

    def _finished(self, unit: Unit) -> UnitRecord | None:
        """A unit's record, if it is there and sound, and its blocks are there."""
        store = self._writer.store
        try:
            record = read_unit_record(store, self._writer.recipe.key, unit.number)
        except CacheError:
            return None  # damaged: written again
        if record is None or record.mark != unit.mark:
            return None
        blocks = (f"{split}/{block.name}" for split, records in record.splits.items() for block in records)
        # One by one: on an object store `Store.present` lists the whole cache, for each unit anew.
        return record if all(store.exists(f"{block}/block.json") for block in blocks) else None

    def _compute(self, run: RunContext, unit: Unit) -> UnitRecord:
        blocks = list(_blocks(run.job, unit))
        records = committed_blocks(run, blocks)
        # Of blocks that were there, padding is not known any more.
        padded = sum(record.tokens for record in records.values())
        device: dict[str, Any] = {}
        accuracy: dict[str, Any] = {}
        if missing := [block for block in blocks if block.key not in records]:
            compared = np.zeros(0, np.int64) if self._compared else missing[0].rows[:COMPARED]
            extractor = self._extractor(run, missing, compared)
            plan = extractor.plan(missing)
            check_space(self._writer.store.location, planned_bytes(run.job, plan))
            with extractor.compiling_ahead(plan), writing_behind(run) as writer:
                if not self._compared:
                    accuracy = self._compare(extractor, compared, plan)
                self._reporter.start("backbone", plan.tokens, "tokens")
                for block in plan.blocks:
                    writer.write(block.block, extractor.compute(block))
            records |= writer.records
            padded, device = padded + plan.padded_tokens, extractor.device
        counts = run.job.dataset.counts
        return UnitRecord(
            key=self._writer.recipe.key,
            number=unit.number,
            mark=unit.mark,
            content=run.job.dataset.digest(),
            counts={name: getattr(counts, name) for name in COUNTS},
            splits=records_by_split(blocks, records),
            padded_tokens=padded,
            seconds=phase_seconds(run.clock),
            device=device,
            accuracy=accuracy,
        )

    def _extractor(
        self, run: RunContext, blocks: list[BlockRows], compared: Int[np.ndarray, " r"]
    ) -> "FeatureExtractor":
        """Clean and tokenise the rows of some blocks; the first time, the encoder is loaded meanwhile."""
        rows = np.unique(np.concatenate([compared, *(block.rows for block in blocks)]))

        def load(thread: ThreadPoolExecutor) -> Future[Any]:
            from headstart.extract.pipeline.extractor import load_backbones

            return thread.submit(lambda: self._backbones or load_backbones(run.job))

        tokens, self._backbones, damaged = tokenize_while_loading(run, rows, load)
        report_damaged(run, damaged, len(rows))
        from headstart.extract.pipeline.extractor import FeatureExtractor

        return FeatureExtractor(run, self._backbones, among(tokens, rows, len(run.job.dataset.texts)))

    def _compare(
        self, extractor: "FeatureExtractor", rows: Int[np.ndarray, " r"], plan: ComputePlan
    ) -> dict[str, Any]:
        """Compare a few rows with the exact model, once; it is closed then."""
        with self._reporter.phase("compiling, and checking the accuracy on a few rows"):
            accuracy = extractor.measure_accuracy(rows, plan)
        self._backbones, self._compared = self._backbones._replace(exact=None), True
        return accuracy


def _said(counts: RowCounts) -> str:
    return f"{counts.used:,} rows" if counts.used == counts.read else str(counts)


def _blocks(job: ExtractJob, unit: Unit) -> Iterator[BlockRows]:
    """The blocks of a unit's rows; their numbers are its own, their starts count its rows alone.

    Raises:
        UserError: they are too many.
    """
    rows = split_by_content(job.dataset.texts, job.settings.seed)
    for block in cut({name: rows[rows_split(name)] for name in job.splits}, job.settings.block_rows):
        if block.number >= MOST_BLOCKS:
            raise UserError(
                f"{unit.name} holds more than {MOST_BLOCKS:,} blocks of {job.settings.block_rows:,} rows; make "
                "blocks larger with --block-rows, or parts smaller: Parquet's row groups are parts"
            )
        yield block._replace(number=first_block(unit.number) + block.number)
