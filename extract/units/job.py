"""A job for workers: its units and its recipe, which each of them works out alike from little of the data."""

import dataclasses
from collections.abc import Iterator
from typing import NamedTuple

from headstart.cache.recipe import Recipe
from headstart.cache.runtime.errors import UserError
from headstart.cache.unit import MOST_UNITS, digest_of_units
from headstart.extract.dataset.columns import ColumnChoice
from headstart.extract.dataset.read import DataStart, read_start, read_unit_rows
from headstart.extract.pipeline.job import MOST_CLASSES, ExtractJob, assemble, check_early
from headstart.extract.settings import SAMPLES, Settings
from headstart.extract.tables.batch import TableBatch
from headstart.extract.tables.files import shown
from headstart.extract.units.unit import Unit, read_unit, units_of

LITTLE = 2**20
"""Bytes that every worker may read of any data."""


class UnitsJob(NamedTuple):
    """All that is known of a job before its rows are read.

    Attributes:
        job: The job; its rows are the first ones alone.
        start: What they show.
        units: Its parts.
    """

    job: ExtractJob
    start: DataStart
    units: list[Unit]

    def describe(self) -> list[str]:
        """Lines that say what the data are taken for, which the first rows have shown."""
        text, label = self.start.dataset.columns
        task = self.job.recipe.parsed_task
        classes = ", ".join(task.classes[:MOST_CLASSES]) + (
            ", ..." if len(task.classes) > MOST_CLASSES else ""
        )
        line = f"{shown(self.job.settings.data)}: text {text!r}, label {label!r}, {task.kind} ({classes})"
        return [line, *self.job.remarks]

    def read(self, unit: Unit) -> ExtractJob:
        """Read a unit's rows; returns the job with these.

        Raises:
            UserError: a row cannot be used, or the file is not what it was.
        """
        settings = self.job.settings
        batches = read_unit(unit, settings.table_format, self.start.choice)
        return self.job._replace(dataset=read_unit_rows(settings, self.start, batches))


def prepare_units(settings: Settings) -> UnitsJob:
    """Find the units, read the first rows, and write the recipe.

    Raises:
        UserError: the data, the backbone or a setting is not what it has to be.
    """
    _check(settings)
    check_early(settings)
    units = units_of(settings.data, settings.table_format)
    if not units:
        raise UserError(f"{shown(settings.data)} holds no rows")
    if len(units) > MOST_UNITS:
        raise UserError(
            f"the data have {len(units):,} parts, at most {MOST_UNITS:,} are wanted: use larger row groups"
        )
    choice = ColumnChoice(settings.text_column, settings.label_column)
    start = read_start(settings, _first_batches(units, settings, choice), choice)
    job = assemble(settings, start.dataset)
    return UnitsJob(job._replace(recipe=_recipe(job.recipe, units)), start, units)


def _first_batches(units: list[Unit], settings: Settings, choice: ColumnChoice) -> Iterator[TableBatch]:
    """The first rows, as one process reads them: of small units several, and one may be empty.

    Every worker reads them, so they are few of the bytes: a hundredth, or so little that it does not matter.
    """
    most = max(LITTLE, sum(unit.size for unit in units) // 100)
    rows = size = 0
    for unit in units:
        if rows and size >= most:
            return
        for batch in read_unit(unit, settings.table_format, choice):
            rows += len(batch.rows)
            yield batch
        size += unit.size


def _recipe(recipe: Recipe, units: list[Unit]) -> Recipe:
    """The recipe of all units, from that of the first rows."""
    last = units[-1]
    return dataclasses.replace(
        recipe,
        rows=digest_of_units(unit.mark for unit in units),
        row_count=last.first + (last.rows or last.size),
        units=len(units),
    )


def _check(settings: Settings) -> None:
    """Refuse what a worker cannot do, who sees a part of the rows.

    Raises:
        UserError: it is asked for.
    """
    if settings.data in SAMPLES:
        raise UserError(f"--data {settings.data} is too small to share: leave --worker out")
    asked = {
        "--split-rule notebook (add --split-rule stable)": settings.split_rule != "stable",
        "--split all missing": settings.split != "all",
        "--limit": settings.limit is not None,
        "--valid-data or --test-data": settings.split_files,
        "--on-bad-row report (take skip)": settings.on_bad_row == "report",
        "--coordinator": settings.coordinator is not None,
    }
    if refused := [flag for flag, is_asked in asked.items() if is_asked]:
        raise UserError(f"a worker sees its own part of the rows alone, and cannot do: {'; '.join(refused)}")
