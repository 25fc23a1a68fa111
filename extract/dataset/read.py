"""Read a data set from files, or take one of the samples; every row that was read is counted."""

import dataclasses
import itertools
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import NamedTuple

from headstart.cache.runtime.errors import UserError
from headstart.extract.dataset.builder import DatasetBuilder
from headstart.extract.dataset.columns import ColumnChoice
from headstart.extract.dataset.dataset import Dataset
from headstart.extract.dataset.film_reviews import read_film_reviews
from headstart.extract.settings import SAMPLES, Settings
from headstart.extract.tables.bad_rows import BadRows
from headstart.extract.tables.batch import TableBatch
from headstart.extract.tables.files import expand, shown
from headstart.extract.tables.reader import read_batches
from headstart.extract.tables.source import ROWS

MOST_GUESSED = 32_000_000  # characters of the first rows, if so many rows are larger


def read_dataset(settings: Settings) -> Dataset:
    """Read the rows that the settings name, those of single splits behind the others; in memory is only what is small.

    Raises:
        UserError: a file, a column or a label is not what it has to be.
    """
    choice = ColumnChoice(settings.text_column, settings.label_column, settings.split_columns)
    remarks = list[str]()
    if settings.data in SAMPLES:
        batches = read_film_reviews(str(settings.data), choice)
    else:
        batches = read_batches(settings.files, ROWS, settings.table_format, choice, remarks.append)
    _check_report(settings)
    with BadRows(settings.on_bad_row, settings.bad_rows) as bad, closing(batches):
        dataset = _read(settings, choice, batches, bad)
        if dataset is None:
            raise UserError(
                f"{shown(settings.files)} holds no row that can be used: {'; '.join(bad.examples)}"
            )
    return dataset._replace(counts=dataset.counts._replace(remarks=(*remarks, *dataset.counts.remarks)))


class DataStart(NamedTuple):
    """What the first rows show: the columns, and how labels are written.

    Attributes:
        choice: The columns.
        batches: The first rows.
        dataset: The data set that they are alone.
        classes: Names of the classes as cells hold them.
    """

    choice: ColumnChoice
    batches: list[TableBatch]
    dataset: Dataset
    classes: tuple[str, ...]


def read_start(settings: Settings, batches: Iterator[TableBatch], choice: ColumnChoice) -> DataStart:
    """See from the first rows how the data are written.

    Args:
        settings: The settings.
        batches: The first rows, and perhaps more, which are not read.
        choice: Chooses the columns of `batches`.

    Raises:
        UserError: they hold no row that can be used, or a mistake.
    """
    first = _first(batches)
    if not first:
        raise UserError(f"{shown(settings.files)} holds no rows")

    def build(chosen: Settings, classes: Sequence[str] | None = None) -> Dataset:
        with BadRows("skip", "") as bad:
            builder = DatasetBuilder(chosen, choice, first, bad, classes)
            for batch in first:
                builder.add(batch)
            return builder.build()

    if settings.class_names:
        names = [name.strip() for name in settings.class_names.split(",")]
        if len((dataset := build(settings, names)).texts):
            return DataStart(choice, first, dataset, dataset.task.classes)
    try:  # the names, if any, are new ones
        cells = build(dataclasses.replace(settings, class_names=None))
        return DataStart(choice, first, build(settings), cells.task.classes)
    except UserError as error:
        raise UserError(
            f"{error} (in the first rows, which show each worker what there is; if other classes come later, name "
            "all of them: --class-names a,b)"
        ) from None


def read_unit_rows(settings: Settings, start: DataStart, batches: Iterator[TableBatch]) -> Dataset:
    """Read a part of the data, whose columns and labels are written as those of the first rows; it may have no rows.

    Raises:
        UserError: a row cannot be used, and nothing says to leave it out.
    """
    with BadRows(settings.on_bad_row, settings.bad_rows) as bad:
        builder = DatasetBuilder(settings, start.choice, start.batches, bad, start.classes)
        for batch in batches:
            builder.add(batch)
        return builder.build()._replace(task=start.dataset.task)


def _check_report(settings: Settings) -> None:
    """Refuse to write the list of bad rows over the data."""
    path = settings.bad_rows
    if settings.on_bad_row != "report" or settings.data in SAMPLES:
        return
    names = expand(settings.files)
    if os.path.exists(path) and any(os.path.exists(n) and os.path.samefile(n, path) for n in names):
        raise UserError(f"--bad-rows {path} is one of the data files; choose another file")


def _read(
    settings: Settings, choice: ColumnChoice, batches: Iterator[TableBatch], bad: BadRows
) -> Dataset | None:
    """See from the first rows how labels are written, and take all; None if no row can be used."""
    first = _first(batches)
    if not any(batch.rows for batch in first):
        for batch in first:
            bad.add(batch.bad)
        return None
    builder = DatasetBuilder(settings, choice, first, bad)
    for batch in itertools.chain(first, batches):
        builder.add(batch)
    return builder.build()


def _first(batches: Iterator[TableBatch]) -> list[TableBatch]:
    """The first rows, as many as show how labels are written."""
    first: list[TableBatch] = []
    for batch in batches:
        first.append(batch)
        if sum(len(batch.rows) for batch in first) >= ROWS or sum(map(_characters, first)) > MOST_GUESSED:
            break
    return first


def _characters(batch: TableBatch) -> int:
    return sum(map(len, itertools.chain.from_iterable(batch.rows)))
