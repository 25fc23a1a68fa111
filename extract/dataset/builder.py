"""Build a data set from batches of a table: texts go to disk, labels become numbers."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from headstart.cache.runtime.errors import UserError
from headstart.extract.dataset.categories import BAD, CategoryEncoder
from headstart.extract.dataset.class_names import NO_LABEL, is_number, spelling
from headstart.extract.dataset.columns import ColumnChoice
from headstart.extract.dataset.dataset import Dataset, RowCounts
from headstart.extract.dataset.label_reader import LabelReader, recognise
from headstart.extract.settings import Settings
from headstart.extract.tables.bad_rows import BadRows
from headstart.extract.tables.batch import BLANKS, BadRow, TableBatch
from headstart.extract.tables.files import shown
from headstart.extract.text.texts import TextWriter


class DatasetBuilder:
    """Takes batches, one after another.

    Args:
        settings: How labels are written, and how many rows to take.
        choice: The columns that were chosen.
        first: The first batches of all, which show how labels are written; they are still to be added.
        bad: Takes the rows that cannot be used.
        classes: Names of all classes as cells hold them, where the rows are a part of the data: it may have few
            classes, or no row at all. None takes the rows for all there are.
    """

    def __init__(
        self,
        settings: Settings,
        choice: ColumnChoice,
        first: list[TableBatch],
        bad: BadRows,
        classes: Sequence[str] | None = None,
    ) -> None:
        self._classes = classes
        self._settings, self._bad, self._names = settings, bad, settings.split_columns
        self._text, self._labels, self._only_flags = choice.text, choice.labels, choice.only_flags
        self._reader = self._recognise([batch for batch in first if batch.source == first[0].source])
        self._others = [CategoryEncoder(lambda cell: cell.strip(BLANKS)) for _ in self._names]
        self._texts, self._numeric = TextWriter(), True
        # Of each row that is kept: number of its label, position, file, position among the sound ones, other columns.
        self._kept: list[list[np.ndarray]] = [[] for _ in range(4 + len(self._names))]
        self._empty, self._sound = 0, 0
        self._met: dict[tuple[int, int], int] = {}  # rows of each file, or part of one

    def _recognise(self, first: list[TableBatch]) -> LabelReader:
        """How the labels of the rows with text are written."""
        columns = [
            [cell for batch in first for cell in batch.column(name)] for name in (self._text, *self._labels)
        ]
        filled = [place for place, text in enumerate(columns[0]) if text.strip()]
        cells = [[column[place] for place in filled] for column in columns[1:]]
        names = self._settings.class_names
        classes = [name.strip() for name in names.split(",")] if names else None
        if self._classes is not None:
            return recognise(self._labels, cells, self._classes, self._settings.label_separator, part=True)
        return recognise(self._labels, cells, classes, self._settings.label_separator)

    def add(self, batch: TableBatch) -> None:
        """Take the rows of a batch.

        Raises:
            UserError: a row cannot be used and nothing says to leave it out.
        """
        self._met[batch.source, batch.before] = batch.met
        texts = batch.column(self._text)
        filled = np.array([place for place, text in enumerate(texts) if text and not text.isspace()], int)
        codes, reasons = self._read_labels(batch, filled)
        self._bad.add(sorted([*batch.bad, *_bad_rows(batch, reasons)], key=lambda row: row.row))
        kept, codes = filled[codes != BAD], codes[codes != BAD]
        order = _order(len(texts), reasons, self._sound)
        self._empty += len(texts) - len(filled)
        self._sound += len(texts) - len(reasons)
        self._keep(batch, kept, codes, order[kept])

    def _read_labels(
        self, batch: TableBatch, filled: Int[np.ndarray, " _"]
    ) -> tuple[Int[np.ndarray, " _"], dict[int, str]]:
        """Number the labels of the rows with text; what is wrong, by place in the batch."""
        columns = [batch.column(name) for name in self._labels]
        cells = [[column[place] for place in filled] for column in columns]
        codes, problems = self._reader.read(cells)
        self._check_guess(batch, cells[0], filled)
        reasons = {int(filled[place]): reason for place, reason in problems.items()}
        reasons |= dict.fromkeys(batch.nested(self._text), f"column {self._text!r} holds a list or an object")
        codes[np.isin(filled, list(reasons))] = BAD
        return codes, reasons

    def _check_guess(self, batch: TableBatch, cells: list[str], filled: Int[np.ndarray, " _"]) -> None:
        """A label column that was guessed by its first rows must hold 0 and 1 in all others too."""
        if self._only_flags and (odd := [place for place, cell in enumerate(cells) if _is_odd(cell)]):
            place = odd[0]
            row = BadRow(batch.file, int(batch.numbers[filled[place]]) + 1, None, f"{cells[place][:80]!r}")
            raise UserError(
                f"column {self._labels[0]!r} was taken for the label, as its first rows hold 0 and 1; it holds, in "
                f"{row}; name the label with --label-column"
            )

    def _keep(
        self, batch: TableBatch, kept: Int[np.ndarray, " _"], codes: np.ndarray, order: np.ndarray
    ) -> None:
        cells = batch.column(self._text)
        texts = [cells[place] for place in kept]
        self._numeric = self._numeric and all(map(is_number, texts))
        self._texts.add(texts)
        source = np.full(len(kept), batch.source, np.int32)
        others = [
            encoder.encode(column[place] for place in kept)
            for encoder, column in zip(self._others, map(batch.column, self._names), strict=True)
        ]
        rows = batch.numbers[kept] + batch.before
        for parts, part in zip(self._kept, (codes, rows, source, order, *others), strict=True):
            parts.append(part)

    def build(self) -> Dataset:
        """Return the rows that were kept, or those of them that `--limit` draws.

        Raises:
            UserError: there is no row, the texts are all numbers, or the labels are no classes.
        """
        codes, rows, source, order, *others = map(_joined, self._kept)
        self._check_texts(len(rows))
        labelled, reason = self._reader.labelled(codes)
        texts, empty, limit, chosen = (
            self._texts.finish(),
            self._empty,
            self._settings.limit,
            np.flatnonzero(labelled),
        )
        unlabelled = len(codes) - len(chosen)
        if limit is not None and limit < self._sound - unlabelled:
            chosen = chosen[self._draw(order[chosen] - np.cumsum(~labelled)[chosen], limit, unlabelled)]
            empty = limit - len(chosen)
        if len(chosen) < len(codes):
            texts = texts.take(chosen)
            codes, rows, source, *others = (array[chosen] for array in (codes, rows, source, *others))
        self._check_labels(len(codes), reason)
        task, labels = self._reader.finish(codes)
        columns = self._text, ",".join(self._labels)
        further = dict(zip(self._names, map(CategoryEncoder.column, self._others, others), strict=True))
        remarks = (f"{unlabelled:,} rows left out: {reason}" if reason else "", self._reader.describe(labels))
        counts = self._count(len(rows), empty, unlabelled)._replace(remarks=tuple(filter(None, remarks)))
        return Dataset(texts, labels, rows, empty, columns, task, further, source, counts)

    def _check_labels(self, count: int, reason: str) -> None:
        """Refuse rows none of which has a label."""
        if not count and self._classes is None:
            raise UserError(f"{shown(self._settings.files)} holds no row with text and label: {reason}")

    def _check_texts(self, count: int) -> None:
        """Refuse rows without any text, and texts that are all numbers."""
        name = shown(self._settings.files)
        if self._classes is not None:
            return
        if count and self._numeric:
            raise UserError(
                f"column {self._text!r} holds nothing but numbers, wanted is text; choose its column with --text-column"
            )
        if not count and self._bad.count:
            raise UserError(f"{name} holds no row that can be used: {'; '.join(self._bad.examples)}")
        if not count:
            raise UserError(f"{name} holds no text: every cell of column {self._text!r} is empty")

    def _draw(self, order: Int[np.ndarray, " b"], limit: int, unlabelled: int) -> Int[np.ndarray, " _"]:
        """Draw as `pandas.DataFrame.sample` does, in file order: files are often sorted by label."""
        sound = self._sound - unlabelled
        drawn = np.zeros(sound, bool)
        drawn[np.random.RandomState(self._settings.seed).choice(sound, limit, replace=False)] = True
        places = np.flatnonzero(drawn[order])
        if not len(places):
            raise UserError(
                f"none of the {limit} rows that --limit drew holds text; draw more, or another --seed"
            )
        return places

    def _count(self, used: int, empty: int, unlabelled: int) -> RowCounts:
        bad, undrawn = self._bad, self._sound - used - empty - unlabelled
        counts = RowCounts(
            sum(self._met.values()), used, empty, undrawn, bad.count, tuple(bad.examples), bad.path
        )
        counts = counts._replace(unlabelled=unlabelled)
        assert counts.balanced, f"a row was lost: {counts}"
        return counts


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    """Join arrays and let them go: memory holds one column twice, not all."""
    joined = np.concatenate(parts) if parts else np.zeros(0, np.int64)
    parts.clear()
    return joined


def _bad_rows(batch: TableBatch, reasons: dict[int, str]) -> list[BadRow]:
    return [
        BadRow(batch.file, int(batch.numbers[place]) + 1, None, reason) for place, reason in reasons.items()
    ]


def _order(count: int, reasons: dict[int, str], before: int) -> Int[np.ndarray, " _"]:
    """Position of each row among the sound ones."""
    sound = np.ones(count, np.int64)
    sound[list(reasons)] = 0
    return np.asarray(before + np.cumsum(sound) - sound)


def _is_odd(cell: str) -> bool:
    # An empty one is a bad row, and listed as such.
    return cell not in ("0", "1") and spelling(cell.strip(BLANKS)) not in ("0", "1", NO_LABEL, "")
