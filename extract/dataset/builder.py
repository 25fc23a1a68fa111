"""Build a data set from batches of a table: texts go to disk, labels become numbers."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Int

from headstart.cache.runtime.errors import UserError
from headstart.cache.task import Task
from headstart.extract.dataset.categories import BAD, Codes, Column, column_of
from headstart.extract.dataset.class_names import is_number
from headstart.extract.dataset.columns import Wanted, choose_columns, is_binary, require
from headstart.extract.dataset.label_reader import recognise
from headstart.extract.tables.bad_rows import BadRow, BadRows
from headstart.extract.tables.batch import Batch
from headstart.extract.text.texts import Texts, TextWriter


class Gathered(NamedTuple):
    """Rows that were kept.

    Attributes:
        texts: on disk.
        labels: numbers for `LabelReader.finish`.
        rows: positions among all rows of all files.
        source: number of each row's file, int32.
        order: position of each row among all sound rows, those without text included.
        others: numbers of the cells of further columns.
    """

    texts: Texts
    labels: Int[np.ndarray, " b"]
    rows: Int[np.ndarray, " b"]
    source: Int[np.ndarray, " b"]
    order: Int[np.ndarray, " b"]
    others: list[Int[np.ndarray, " b"]]

    def take(self, chosen: Int[np.ndarray, " _"]) -> "Gathered":
        """Return some rows."""
        return Gathered(
            self.texts.take(chosen),
            self.labels[chosen],
            self.rows[chosen],
            self.source[chosen],
            self.order[chosen],
            [codes[chosen] for codes in self.others],
        )


class Gatherer:
    """Takes batches, one after another.

    Args:
        wanted: what to take.
        first: the first batches of all, from which columns are guessed; they are still to be added.
        bad: takes the rows that cannot be used.

    Raises:
        UserError: a column is not there, or cannot be guessed.
    """

    def __init__(self, wanted: Wanted, first: list[Batch], bad: BadRows) -> None:
        table = _table([batch for batch in first if batch.source == first[0].source])
        for name in wanted.others:
            require(table, name)
        named = {wanted.text, *(wanted.label or "").split(",")}
        # A column that says the split or the group is no guess for text or label.
        guessed = table.drop(columns=[name for name in wanted.others if name not in named])
        self.text, self.columns = choose_columns(guessed, wanted.text, wanted.label)
        # Guessed because only this column holds nothing but 0 and 1: that must be true of all rows.
        self._only_flags = (
            wanted.label is None and len(table.columns) > 2 and is_binary(table[self.columns[0]])
        )
        filled = (table[self.text].str.strip() != "").to_numpy()
        cells = [table[name][filled].tolist() for name in self.columns]
        self._labels = recognise(self.columns, cells, wanted.names, wanted.separator)
        self._names = list(wanted.others)
        self._others = [Codes(str.strip) for _ in wanted.others]
        self._bad, self._texts, self._numeric = bad, TextWriter(), True
        self._kept: list[list[np.ndarray]] = [[] for _ in range(4 + len(wanted.others))]
        self.read, self.empty, self.sound = 0, 0, 0

    def add(self, batch: Batch) -> None:
        """Take the rows of a batch.

        Raises:
            UserError: a row cannot be used and nothing says to leave it out, or a column is not there.
        """
        self._check_columns(batch)
        self.read = batch.before + batch.met
        texts = batch.column(self.text)
        filled = np.array([place for place, text in enumerate(texts) if text and not text.isspace()], int)
        codes, reasons = self._read_labels(batch, texts, filled)
        self._bad.add(sorted([*batch.bad, *_bad_rows(batch, reasons)], key=lambda row: row.row))
        kept, codes = filled[codes != BAD], codes[codes != BAD]
        order = _order(len(texts), reasons, self.sound)
        self.empty += len(texts) - len(filled)
        self.sound += len(texts) - len(reasons)
        self._keep(batch, texts, kept, codes, order)

    def _check_columns(self, batch: Batch) -> None:
        wanted = (self.text, *self.columns, *self._names)
        if missing := [name for name in wanted if name not in batch.header] if batch.rows else []:
            raise UserError(
                f"{batch.file} has no column {missing[0]!r}, as the first file has; "
                f"its columns are: {', '.join(batch.header[:50])}"
            )

    def _read_labels(
        self, batch: Batch, texts: list[str], filled: Int[np.ndarray, " _"]
    ) -> tuple[Int[np.ndarray, " _"], dict[int, str]]:
        """Number the labels of the rows with text; what is wrong, by place in the batch."""
        columns = [batch.column(name) for name in self.columns]
        cells = [[column[place] for place in filled] for column in columns]
        codes, found = self._labels.read(cells)
        self._check_guess(batch, cells[0], filled)
        reasons = {int(filled[place]): reason for place, reason in found.items()}
        reasons |= dict.fromkeys(
            _nested(batch, [self.text]), f"column {self.text!r} holds a list or an object"
        )
        if not self._labels.lists:
            reasons |= dict.fromkeys(
                _nested(batch, self.columns),
                "a label column holds a list or an object here, and one label in others",
            )
        codes[np.isin(filled, list(reasons))] = BAD
        return codes, reasons

    def _check_guess(self, batch: Batch, cells: list[str], filled: Int[np.ndarray, " _"]) -> None:
        """A label column that was guessed by its first rows must hold 0 and 1 in all others too."""
        if self._only_flags and (odd := [place for place, cell in enumerate(cells) if _is_odd(cell)]):
            place = odd[0]
            row = BadRow(batch.file, int(batch.numbers[filled[place]]) + 1, None, f"{cells[place][:80]!r}")
            raise UserError(
                f"column {self.columns[0]!r} was taken for the label, as its first rows hold 0 and 1; it holds, in "
                f"{row}; name the label with --label-column"
            )

    def _keep(
        self,
        batch: Batch,
        texts: list[str],
        kept: Int[np.ndarray, " _"],
        codes: np.ndarray,
        order: np.ndarray,
    ) -> None:
        own = [texts[place] for place in kept]
        self._numeric = self._numeric and all(map(is_number, own))
        self._texts.add(own)
        source = np.full(len(kept), batch.source, np.int32)
        cells = [batch.column(name) for name in self._names]
        others = [
            codes.encode(column[place] for place in kept)
            for codes, column in zip(self._others, cells, strict=True)
        ]
        rows = batch.numbers[kept] + batch.before
        for parts, part in zip(self._kept, (codes, rows, source, order[kept], *others), strict=True):
            parts.append(part)

    def gathered(self) -> Gathered:
        """Return all rows that were kept.

        Raises:
            UserError: the texts are all numbers.
        """
        labels, rows, source, order, *others = map(_joined, self._kept)
        if self._numeric and len(rows):
            raise UserError(
                f"column {self.text!r} holds nothing but numbers, wanted is text; choose its column with --text-column"
            )
        return Gathered(self._texts.finish(), labels, rows, source, order, others)

    def labels(self, codes: Int[np.ndarray, " b"]) -> tuple[Task, Int[np.ndarray, " b *k"]]:
        """Return the task and the labels of rows that were kept."""
        return self._labels.finish(codes)

    def others(self, codes: Sequence[Int[np.ndarray, " b"]]) -> dict[str, Column]:
        """Return the further columns of rows that were kept."""
        found = zip(self._names, self._others, codes, strict=True)
        return {name: column_of(known.met, own) for name, known, own in found}


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    """Join arrays and let them go: memory holds one column twice, not all."""
    joined = np.concatenate(parts)
    parts.clear()
    return joined


def _table(batches: list[Batch]) -> pd.DataFrame:
    header = batches[-1].header
    cells = {name: [cell for batch in batches for cell in batch.column(name)] for name in header}
    return pd.DataFrame(cells, dtype=str)


def _bad_rows(batch: Batch, reasons: dict[int, str]) -> list[BadRow]:
    return [
        BadRow(batch.file, int(batch.numbers[place]) + 1, None, reason) for place, reason in reasons.items()
    ]


def _nested(batch: Batch, columns: Sequence[str]) -> list[int]:
    """Places in a batch at which one of the columns holds a list or an object."""
    own = {number for name in columns for number in batch.nested.get(name, ())}
    return np.flatnonzero(np.isin(batch.numbers, list(own))).tolist() if own else []


def _order(count: int, reasons: dict[int, str], before: int) -> Int[np.ndarray, " _"]:
    """Position of each row among the sound ones."""
    sound = np.ones(count, np.int64)
    sound[list(reasons)] = 0
    return np.asarray(before + np.cumsum(sound) - sound)


def _is_odd(cell: str) -> bool:
    return cell.strip() not in ("0", "1", "")  # an empty one is a bad row, and told as such
