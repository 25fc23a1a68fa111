"""Read a data set from files, or take one of the samples; every row that was read is counted."""

import itertools
import os
from collections.abc import Iterator
from contextlib import closing

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
    first: list[TableBatch] = []
    for batch in batches:
        first.append(batch)
        if sum(len(batch.rows) for batch in first) >= ROWS or sum(map(_characters, first)) > MOST_GUESSED:
            break
    if not any(batch.rows for batch in first):
        for batch in first:
            bad.add(batch.bad)
        return None
    builder = DatasetBuilder(settings, choice, first, bad)
    for batch in itertools.chain(first, batches):
        builder.add(batch)
    return builder.build()


def _characters(batch: TableBatch) -> int:
    return sum(map(len, itertools.chain.from_iterable(batch.rows)))
