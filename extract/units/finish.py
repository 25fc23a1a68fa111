"""The end of a job that workers shared: proof that every unit is there, and the manifest of all."""

import dataclasses
from typing import Any

from headstart.cache.manifest import Manifest
from headstart.cache.runtime.errors import CacheError, UserError
from headstart.cache.runtime.progress import Reporter
from headstart.cache.splits import SPLITS
from headstart.cache.storage.store import Store
from headstart.cache.unit import FOLDER, NAME, UnitRecord, join_units, read_unit_record, unit_folder
from headstart.cache.writer import CacheWriter
from headstart.extract.pipeline.job import ExtractJob
from headstart.extract.pipeline.manifest import library_versions
from headstart.extract.splits.coverage import require_rows
from headstart.extract.units.job import UnitsJob

SHOWN = 10
"""Units that a message names."""


def missing_units(job: UnitsJob, store: Store) -> list[int]:
    """Numbers of the units that no worker has finished."""
    present = set(store.files(FOLDER))
    return [unit.number for unit in job.units if f"{unit_folder(unit.number)}/{NAME}" not in present]


def finish_if_last(job: UnitsJob, reporter: Reporter) -> bool:
    """Write the manifest if no unit is missing; whether the cache is finished."""
    if missing_units(job, Store(job.job.location)):
        return False
    _write_manifest(job, reporter)
    return True


def finish(job: UnitsJob, reporter: Reporter) -> None:
    """Write the manifest, once all units are there; one that names them stays as it is.

    Raises:
        UserError: units are missing, or their data have changed.
    """
    if missing := missing_units(job, Store(job.job.location)):
        more = ", ..." if len(missing) > SHOWN else ""
        raise UserError(
            f"{len(missing):,} of {len(job.units):,} units are not computed yet: "
            f"{', '.join(f'{number:,}' for number in missing[:SHOWN])}{more}; run their workers, such as "
            f"the same command with --worker {missing[0]}/{len(job.units)}"
        )
    _write_manifest(job, reporter)


def _write_manifest(job: UnitsJob, reporter: Reporter) -> None:
    writer = CacheWriter(job.job.location, job.job.recipe)
    with reporter.phase("finishing the cache"), writer.alone(reporter.log) as lock:
        manifest = _manifest(job, _read_all(job, writer.store))
        if absent := manifest.absent(writer.store):
            raise UserError(
                f"{len(absent):,} blocks are gone, such as {min(absent)}/block.json; run the workers again"
            )
        if (earlier := writer.manifest()) and earlier.splits == manifest.splits:
            return
        lock.check()
        writer.finish(manifest, is_whole=True)


def _read_all(job: UnitsJob, store: Store) -> list[UnitRecord]:
    units = []
    for unit in job.units:
        try:
            record = read_unit_record(store, job.job.recipe.key, unit.number)
        except CacheError as error:
            raise UserError(
                f"{error}; run its worker again: --worker {unit.number}/{len(job.units)}"
            ) from None
        if record is None or record.mark != unit.mark:
            raise UserError(f"{unit.name} has changed since a worker read it; run that worker again")
        units.append(record)
    return units


def _manifest(job: UnitsJob, units: list[UnitRecord]) -> Manifest:
    recipe, splits = job.job.recipe, join_units(units)
    records = [record for blocks in splits.values() for record in blocks]
    if not records:
        raise UserError("no row of the data can be used: nothing was computed")
    require_rows({split: splits.get(split, ()) for split in SPLITS})
    tokens, padded = sum(record.tokens for record in records), sum(unit.padded_tokens for unit in units)
    first = next((unit for unit in units if unit.device), units[0])
    phases = dict.fromkeys(name for unit in units for name in unit.seconds)
    return Manifest(
        key=recipe.key,
        rows=sum(record.rows for record in records),
        tokens=tokens,
        width=job.job.architecture.dim,
        dtype=recipe.storage_dtype,
        splits=splits,
        padding_waste=1 - tokens / max(tokens, padded),
        seconds={name: sum(unit.seconds.get(name, 0.0) for unit in units) for name in phases},
        device=first.device,
        accuracy=_lowest([unit.accuracy for unit in units if unit.accuracy]),
        versions=library_versions(),
        source=_as_one_worker(job).source
        | {"rows_without_text": sum(unit.counts.get("empty", 0) for unit in units)},
    )


def _as_one_worker(job: UnitsJob) -> ExtractJob:
    """The job of a worker that makes the whole cache, however many there were: its command can be repeated."""
    return job.job._replace(settings=dataclasses.replace(job.job.settings, worker="0/1"))


def _lowest(accuracies: list[dict[str, Any]]) -> dict[str, Any]:
    """The accuracy of the worker whose vectors were farthest from the exact ones; nothing if none compared."""
    return min(accuracies, key=lambda accuracy: accuracy.get("min_cosine", 1.0), default={})
