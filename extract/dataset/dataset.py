"""Read labelled rows from files, or take one of the samples; every row that was read is counted."""

import hashlib
import itertools
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from headstart.cache.runtime.errors import UserError
from headstart.cache.task import BINARY, Task
from headstart.extract.dataset.builder import Gathered, Gatherer
from headstart.extract.dataset.categories import Column
from headstart.extract.dataset.columns import Wanted
from headstart.extract.dataset.film_reviews import read_film_reviews
from headstart.extract.settings import SAMPLES
from headstart.extract.tables.bad_rows import BadRows
from headstart.extract.tables.batch import Batch
from headstart.extract.tables.files import expand, shown
from headstart.extract.tables.reader import ROWS, read_batches
from headstart.extract.text.texts import encode_all, slabs

BAD_ROWS = "bad-rows.jsonl"

MOST_GUESSED = 32_000_000  # characters from which columns are guessed, if so many rows are larger


class Tally(NamedTuple):
    """Rows of all files, counted.

    Attributes:
        read: rows that were met, bad ones included.
        used: rows that were kept.
        empty: rows without text, left out.
        undrawn: rows that `--limit` left out.
        bad: rows that cannot be used, left out.
        examples: what is wrong with the first of these.
        report: file that lists them all, if there is one.
    """

    read: int = 0
    used: int = 0
    empty: int = 0
    undrawn: int = 0
    bad: int = 0
    examples: tuple[str, ...] = ()
    report: str | None = None

    @property
    def balanced(self) -> bool:
        """Whether no row is lost."""
        return self.read == self.used + self.empty + self.undrawn + self.bad

    def __str__(self) -> str:
        parts = [f"{self.used:,} used", f"{self.empty:,} rows without text left out"]
        parts += [f"{self.undrawn:,} not drawn"] if self.undrawn else []
        parts += [f"{self.bad:,} bad"]
        return f"{self.read:,} rows read = {' + '.join(parts)}"

    def details(self) -> list[str]:
        """Lines about the bad rows."""
        lines = [f"left out: {example}" for example in self.examples]
        lines += [f"left out: {self.bad - len(lines):,} more bad rows"] if self.bad > len(lines) else []
        return lines + ([f"all {self.bad:,} bad rows: {self.report}"] if self.report else [])


class Rows(NamedTuple):
    """Labelled rows in file order.

    Attributes:
        texts: the raw texts; where they come from files, they lie on disk.
        labels: class of each row, `[b]`, or 0 or 1 for each class, `[b, k]`, int32.
        rows: position of each row among those of all files, counted from 0, `[b]` int64.
        missing: rows of the files that were left out because they hold no text.
        columns: names of the text column, and of the label columns, separated by commas.
        task: what the labels say.
        others: further columns that were asked for.
        source: number of each row's file, from 0, `[b]` int32.
        tally: where all rows went.
    """

    texts: Sequence[str]
    labels: Int[np.ndarray, " b *k"]
    rows: Int[np.ndarray, " b"]
    missing: int
    columns: tuple[str, str]
    task: Task = BINARY
    others: dict[str, Column] = {}  # noqa: RUF012  # never changed
    source: Int[np.ndarray, " b"] = np.zeros(0, np.int32)
    tally: Tally = Tally()

    def digest(self, count: int | None = None) -> str:
        """SHA-256 over position, label and text of the first rows; None takes all."""
        total = hashlib.sha256()
        for row, own, encoded in itertools.islice(self._contents(), count):
            label = ",".join(map(str, own)).encode()
            # The text's length keeps two texts from being taken for one, or one for two.
            total.update(b"%d:%s:%d:" % (row, label, len(encoded)) + encoded)
        return total.hexdigest()

    def _contents(self) -> Iterator[tuple[int, list[int], bytes]]:
        texts = iter(encode_all(self.texts))
        for slab in slabs(len(self.texts)):
            rows = self.rows[slab].tolist()
            labels = self.labels[slab].reshape(len(rows), -1).tolist()
            yield from zip(rows, labels, texts, strict=False)  # rows end first: texts go on beyond the slab


def read_rows(
    data: str | Sequence[str],
    text_column: str | None,
    label_column: str | None,
    limit: int | None = None,
    seed: int = 42,
    class_names: str | None = None,
    others: Sequence[str] = (),
    on_bad_row: str = "error",
    bad_rows: str = BAD_ROWS,
    encoding: str | None = None,
    label_separator: str | None = None,
) -> Rows:
    """Read the rows of files, or a sample's; in memory is only what is small.

    Args:
        data: one of `SAMPLES`, or files, see `extract.reading.read_chunks`.
        text_column: None guesses it.
        label_column: None guesses it; several, separated by commas, are labels of which a row can have any number.
        limit: take only so many rows, drawn at random; None takes all.
        seed: of the draw.
        class_names: names of the classes, separated by commas; None takes those in the file.
        others: names of further columns to keep.
        on_bad_row: `error` stops at the first row that cannot be used, `skip` leaves such rows out, `report` lists
            them in a file too. Rows without text are no bad rows: they are left out and counted.
        bad_rows: that file.
        encoding: of text files; None takes UTF-8, or what the byte-order mark says.
        label_separator: between the labels in a cell, where a row can have several; None takes JSON arrays.

    Raises:
        UserError: a file, a column or a label is not what it has to be.
    """
    names = [name.strip() for name in class_names.split(",")] if class_names else None
    wanted = Wanted(text_column, label_column, names, label_separator, others)
    batches = read_film_reviews(str(data)) if data in SAMPLES else read_batches(data, ROWS, encoding)
    if on_bad_row == "report":
        _check_report(bad_rows, data)
    with BadRows(on_bad_row, bad_rows) as bad, closing(batches):
        found = _gather(wanted, batches, bad)
        if found is None:
            raise UserError(f"{shown(data)} holds no row that can be used: {'; '.join(bad.examples)}")
        gathered = found.gathered()
        if not len(gathered.rows):
            raise _nothing_left(shown(data), found, bad)
        rows = _rows(found, gathered, limit, seed)
    tally = Tally(
        found.read,
        len(rows.texts),
        rows.missing,
        found.sound - len(rows.texts) - rows.missing,
        bad.count,
        tuple(bad.examples),
        bad.path,
    )
    assert tally.balanced, f"a row was lost: {tally}"
    return rows._replace(tally=tally)


def _check_report(path: str, data: str | Sequence[str]) -> None:
    """Refuse to write the list of bad rows over the data."""
    names = [] if data in SAMPLES else expand(data)
    if os.path.exists(path) and any(os.path.exists(n) and os.path.samefile(n, path) for n in names):
        raise UserError(f"--bad-rows {path} is one of the data files; choose another file")


def _gather(wanted: Wanted, batches: Iterator[Batch], bad: BadRows) -> Gatherer | None:
    """Guess the columns from the first rows, and gather all; None if no row is sound."""
    first: list[Batch] = []
    for batch in batches:
        first.append(batch)
        if sum(len(own.rows) for own in first) >= ROWS or sum(map(_characters, first)) > MOST_GUESSED:
            break
    if not any(batch.rows for batch in first):
        for batch in first:
            bad.add(batch.bad)
        return None
    gatherer = Gatherer(wanted, first, bad)
    for batch in itertools.chain(first, batches):
        gatherer.add(batch)
    return gatherer


def _characters(batch: Batch) -> int:
    return sum(map(len, itertools.chain.from_iterable(batch.rows)))


def _rows(found: Gatherer, gathered: Gathered, limit: int | None, seed: int) -> Rows:
    missing = found.empty
    if limit is not None and limit < found.sound:
        gathered = gathered.take(_drawn(gathered, found.sound, limit, seed))
        missing = limit - len(gathered.rows)
        if not len(gathered.rows):
            raise UserError(
                f"none of the {limit} rows that --limit drew holds text; draw more, or another --seed"
            )
    task, labels = found.labels(gathered.labels)
    columns = found.text, ",".join(found.columns)
    others = found.others(gathered.others)
    return Rows(gathered.texts, labels, gathered.rows, missing, columns, task, others, gathered.source)


def _drawn(gathered: Gathered, count: int, limit: int, seed: int) -> Int[np.ndarray, " _"]:
    """Choose rows at random, in file order: files are often sorted by label. As `pandas.DataFrame.sample` does."""
    drawn = np.random.RandomState(seed).choice(count, limit, replace=False)
    chosen = np.zeros(count, bool)
    chosen[drawn] = True
    return np.flatnonzero(chosen[gathered.order])


def _nothing_left(name: str, found: Gatherer, bad: BadRows) -> UserError:
    if bad.count:
        return UserError(f"{name} holds no row that can be used: {'; '.join(bad.examples)}")
    return UserError(f"{name} holds no text: every cell of column {found.text!r} is empty")
