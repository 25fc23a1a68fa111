"""Rows of delimited text, whose delimiter is guessed; every row has as many cells as the header."""

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice

import numpy as np

from headstart.cache.runtime.errors import UserError
from headstart.extract.tables.batch import (
    BLANKS,
    MOST_CHARACTERS,
    TOO_LONG,
    BadRow,
    TableBatch,
    check_names,
    flaw,
    is_encodable,
    is_sound,
    not_of,
)
from headstart.extract.tables.streams import Lines

DELIMITERS = (",", ";", "\t", "|")
SNIFFED = 50  # lines

MOST_AT_ONCE = 32_000_000  # characters of a batch

LARGE, MOST_STEP = 1_000_000, 1_024  # characters that make a step a large one; rows of a step

_LINE_END = re.compile(r"\r\n|\r|\n")


def read_delimited(file: str, lines: Lines, delimiter: str | None, rows: int) -> Iterator[TableBatch]:
    """Read a file in batches; blank lines are no rows.

    Args:
        file: Name of the file, for messages.
        lines: Text of the file.
        delimiter: Character between cells; None finds it out.
        rows: Most rows of a batch.

    Raises:
        UserError: the header is none, or it cannot be told where a broken row ends.
    """
    csv.field_size_limit(MOST_CHARACTERS)
    reader = _DelimitedReader(file, lines, delimiter or sniff(lines.peek(SNIFFED)))
    while not reader.done:
        batch = reader.take(rows)
        if batch.rows or batch.bad:
            yield batch


class _DelimitedReader:
    """Where we are in a file."""

    def __init__(self, file: str, lines: Lines, delimiter: str) -> None:
        self.done = False
        self._broken_at = 0  # the first line with unbalanced quotes
        self._file, self._lines, self._met = file, lines, 0
        self._csv = csv.reader(iter(lines), delimiter=delimiter, strict=True)
        self._header = self._read_header()

    def _read_header(self) -> list[str]:
        try:
            names = next(filter(None, self._csv), None)
        except csv.Error as error:
            raise UserError(f"the first line of {self._file} is no header: {error}") from None
        except UnicodeError:
            raise UserError(f"the first line of {self._file}: {not_of(self._lines.encoding)}") from None
        return check_header(self._file, names, self._lines.encoding)

    def take(self, count: int) -> TableBatch:
        """Read so many rows, or up to a broken one."""
        before = self._lines.number
        rows, failure = self._read_rows(count)
        kept = [row for row in rows if row]
        numbers, bad = np.arange(self._met, self._met + len(kept)), list[BadRow]()
        if not is_sound(kept, len(self._header)):
            kept, numbers, bad = self._sift(rows, before)
        self._met += len(kept) + len(bad)
        if failure:
            self._met += 1
            bad.append(self._broken(failure, before + 1 + sum(map(_lines_of, rows))))
        return TableBatch(self._file, self._header, kept, numbers, self._met, bad, {})

    def _read_rows(self, count: int) -> tuple[list[list[str]], Exception | None]:
        """Rows and blank lines, and what broke off; in steps, as large cells must not pile up."""
        rows: list[list[str]] = []
        end, step = self._lines.characters + MOST_AT_ONCE, 1
        try:
            while len(rows) < count and self._lines.characters < end:
                before, characters = len(rows), self._lines.characters
                most = min(step, count - before)
                rows.extend(islice(self._csv, most))
                if len(rows) < before + most:
                    self.done = True
                    break
                self._check_quotes(rows)
                large = self._lines.counting or self._lines.characters - characters > LARGE
                step = 1 if large else min(2 * step, MOST_STEP)
        except (csv.Error, UnicodeError) as error:
            return rows, error
        return rows, None

    def _check_quotes(self, rows: list[list[str]]) -> None:
        """After a row with broken quotes, a row with half a pair shows that the broken one was longer than its line.

        Then what was taken for rows since are parts of a cell.
        """
        if self._lines.counting and self._lines.quotes % 2:
            row = self._met + sum(map(bool, rows))
            raise UserError(
                f"{self._file}, data row {row} (line {self._lines.number}): half a pair of quotes, after a row with "
                f"unbalanced quotes at line {self._broken_at}: where that row ends cannot be told; mend it: a quote "
                "within quotes is written twice"
            )

    def _sift(self, rows: list[list[str]], line: int) -> tuple[list[list[str]], np.ndarray, list[BadRow]]:
        """Part sound rows from bad ones; `line` is the one before them."""
        kept, numbers, bad, number = [], [], list[BadRow](), self._met
        for row in rows:
            if row:
                if reason := flaw(row, len(self._header), self._lines.encoding):
                    bad.append(BadRow(self._file, number + 1, line + 1, reason))
                else:
                    kept.append(row)
                    numbers.append(number)
                number += 1
            line += _lines_of(row)
        return kept, np.array(numbers, np.int64), bad

    def _broken(self, error: Exception, line: int) -> BadRow:
        """The row at which reading broke off, unless it may reach beyond its line."""
        bad = BadRow(self._file, self._met, line, f"its quotes are not balanced ({error})")
        if isinstance(error, UnicodeError):
            raise UserError(str(bad._replace(reason=not_of(self._lines.encoding)))) from None
        if "field limit" in str(error):
            bad = bad._replace(reason=TOO_LONG)
        if self._lines.number == line and self._lines.last_quotes % 2 == 0:
            self._lines.counting, self._broken_at = True, self._broken_at or line
            return bad
        raise UserError(
            f"{bad._replace(reason='a quote opens')} that is never closed, or closed where none is wanted, so that the "
            "next row cannot be found; mend it: a quote within quotes is written twice"
        ) from None


def check_header(file: str, names: Sequence[str] | None, encoding: str) -> list[str]:
    """Return the names of the columns of a delimited file.

    Raises:
        UserError: they are none, too many, not all different, or look like data.
    """
    if not names:
        raise UserError(f"{file} is empty; its first line must name the columns")
    checked = check_names(file, [name.strip(BLANKS) for name in names])
    if not is_encodable("".join(names)):
        raise UserError(f"the first line of {file}: {not_of(encoding)}")
    if any("\0" in name for name in names):
        raise UserError(
            f"the first line of {file} holds a NUL byte: it is no text file, or in an encoding to be named, "
            "like `--encoding utf-16-le`"
        )
    if any(map(_is_number, names)):
        start = ", ".join(names)[:80]
        raise UserError(f"the first line of {file} looks like data ({start}); it must name the columns")
    return checked


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return name.strip().lower() not in ("nan", "inf", "infinity")


def _lines_of(row: list[str]) -> int:
    """Lines that a row takes."""
    return 1 + sum(len(_LINE_END.findall(cell)) for cell in row if "\n" in cell or "\r" in cell)


def sniff(lines: Sequence[str]) -> str:
    """Return the delimiter of a file that starts with these lines.

    Another one than the comma is taken only if it cuts the header and every row into the same number of cells, at
    least two, and neither the comma nor a third one does so too.
    """
    widths = {delimiter: _width(lines, delimiter) for delimiter in DELIMITERS}
    fitting = [delimiter for delimiter, width in widths.items() if width > 1]
    return fitting[0] if len(fitting) == 1 else ","


def _width(lines: Sequence[str], delimiter: str) -> int:
    """Cells of every row; 0 where the rows differ."""
    rows: list[list[str]] = []
    with suppress(csv.Error):  # the last row goes on beyond these lines, or has a flaw that is told later
        rows.extend(csv.reader(lines, delimiter=delimiter, strict=True))
    widths = {len(row) for row in rows if row}
    return widths.pop() if len(widths) == 1 else 0
