"""Rows of delimited text; every row has as many cells as the header."""

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from headstart.cache.runtime.errors import UserError
from headstart.extract.tables.batch import (
    BLANKS,
    MOST_BLANKS,
    REPEATED,
    TOO_LONG,
    BadRow,
    TableBatch,
    flaw,
    is_sound,
    names_again,
    not_of,
)
from headstart.extract.tables.dialect import SNIFFED, Dialect, choose_quoting, doubt, is_blank, sniff, trimmed
from headstart.extract.tables.header import check_header, looks_like_data, separator_of, trailing_blanks
from headstart.extract.tables.source import FirstRows, TableSource, choose_from
from headstart.extract.tables.streams import LONGEST, Lines

FIRST_LINES, FIRST_CHARACTERS = 10_000, 4_000_000
"""Of the part of a file from which dialect and columns are found out."""
MOST_AT_ONCE = 32_000_000  # characters of a batch

HINT = "; if no quotes stand around cells, say `--quoting none`"
LARGE, MOST_STEP = 1_000_000, 1_024  # characters that make a step a large one; rows of a step

_LINE_END = re.compile(r"\r\n|\r|\n")


def read_delimited(source: TableSource, lines: Lines, delimiter: str | None) -> Iterator[TableBatch]:
    """Read a file in batches; blank lines are no rows.

    Args:
        source: The file, and what is asked of it.
        lines: Text of the file.
        delimiter: Character between cells; None finds it out.

    Raises:
        UserError: the header is none, or it cannot be told where a broken row ends.
    """
    csv.field_size_limit(LONGEST)  # cells of chosen columns have a smaller limit, which makes a bad row
    reader = _DelimitedReader(source, lines, _open(source, lines, delimiter))
    while not reader.done:
        batch = reader.take(source.rows)
        if len(batch.rows) or batch.bad:
            yield batch


class _Table(NamedTuple):
    """A table whose columns are chosen.

    Attributes:
        dialect: How it is written.
        rows: Reader of the rows below the header.
        header: Names of all columns.
        columns: Those that are read.
    """

    dialect: Dialect
    rows: Any
    header: list[str]
    columns: list[str]


def _open(source: TableSource, lines: Lines, delimiter: str | None) -> _Table:
    """Read the header, and have the columns chosen."""
    iterator, first = iter(lines), _first_lines(lines)
    if first and len(first) > 1 and (separator := separator_of(first[0])):
        line = first.pop(0).strip()
        source.say(f"{source.name}: its first line {line!r} sets the delimiter, and is no row")
        while separator_of(next(iterator)) is None:
            pass
        delimiter = separator
    dialect = _dialect_of(source, first, delimiter or sniff(first[:SNIFFED]))
    rows = dialect.rows(iterator)
    header = _read_header(source, lines, dialect.rows(first) if source.format.no_header else rows)
    if blank := trailing_blanks(header):
        source.say(f"{source.name}: {blank:,} columns at the end have no name, and are not read")
    width, no_header = len(header), source.format.no_header
    sample = [trimmed(row, width) for row, _ in dialect.groups(first) if row is not None]
    sample = [row for row in sample if len(row) == width]
    sample = sample if no_header else [row for row in sample if not names_again(row, header)]
    places = {name: place for place, name in enumerate(header)}

    def read(names: Sequence[str]) -> dict[str, list[str]]:
        return {name: [row[places[name]] for row in sample] for name in names}

    headerless = not no_header and looks_like_data(header, sample)
    columns = choose_from(source, FirstRows(source.name, header, read, headerless))
    return _Table(dialect, rows, header, columns)


def _first_lines(lines: Lines) -> list[str]:
    """The first lines, from the first one on that is not blank."""
    first = lines.peek(FIRST_LINES, FIRST_CHARACTERS)
    blank = next((place for place, line in enumerate(first) if not line.isspace()), len(first))
    return first[blank:]


def _dialect_of(source: TableSource, first: Sequence[str], delimiter: str) -> Dialect:
    if source.format.quoting != "auto":
        return Dialect(delimiter, source.format.quoting == "minimal")
    dialect = choose_quoting(source.name, first, delimiter)
    if not dialect.quoted:
        characters = "they are read as characters (--quoting none)"
        source.say(f"{source.name}: no quotes stand around its cells, {characters}")
    return dialect


def _read_header(source: TableSource, lines: Lines, rows: Any) -> list[str]:
    try:
        names = next((row for row in rows if row and not is_blank(row)), None)
    except csv.Error as error:
        raise UserError(f"the first line of {source.name} is no header: {error}") from None
    except UnicodeError:
        raise UserError(f"the first line of {source.name}: {not_of(lines.encoding)}") from None
    if names and source.format.no_header:
        return [str(place) for place in range(1, len(names) + 1)]
    return check_header(source.name, names, lines.encoding)


class _DelimitedReader:
    """Where we are in a file."""

    def __init__(self, source: TableSource, lines: Lines, table: _Table) -> None:
        self.done = False
        self._file, self._lines, self._table = source.name, lines, table
        repeats = not source.format.no_header and len(table.header) > 1
        self._names = {name.casefold() for name in table.header} if repeats else set[str]()
        self._longest = max(map(len, self._names), default=0) + MOST_BLANKS
        self._say, self._told = source.say, False
        self._met = 0
        self._broken_at = 0  # the first line with unbalanced quotes
        places = [table.header.index(name) for name in table.columns]
        self._pick: Any = itemgetter(*places) if len(places) > 1 else lambda row: [row[at] for at in places]
        if table.dialect.guarded:
            lines.recent = []

    def take(self, count: int) -> TableBatch:
        """Read so many rows, or up to a broken one; in steps, as large cells must not pile up."""
        kept, numbers, bad, start = list[Sequence[str]](), list[int](), list[BadRow](), self._met
        end, step, large = self._lines.characters + MOST_AT_ONCE, 1, False
        while not self.done and self._met - start < count and self._lines.characters < end:
            before, characters = self._lines.number, self._lines.characters
            rows, failure = self._read_rows(min(step, count + start - self._met))
            self._sift(rows, before, (kept, numbers, bad))
            if failure:
                self._met += 1
                bad.append(self._broken(failure, before + 1 + sum(map(_lines_of, rows))))
                break
            self._check_quotes()
            large = self._lines.counting or self._lines.characters - characters > LARGE
            step = 1 if large else min(2 * step, MOST_STEP)
        places = np.array(numbers, np.int64)
        return TableBatch(self._file, self._table.columns, kept, places, self._met, bad)

    def _read_rows(self, count: int) -> tuple[list[list[str]], Exception | None]:
        """Rows and blank lines, and what broke off."""
        rows, ends = list[list[str]](), [0]
        failure: Exception | None = None
        try:
            if self._lines.recent is None:
                rows.extend(islice(self._table.rows, count))
            else:
                self._lines.recent.clear()
                start = self._table.rows.line_num
                for row in islice(self._table.rows, count):
                    rows.append(row)
                    ends.append(self._table.rows.line_num - start)
            self.done = len(rows) < count
        except (csv.Error, UnicodeError) as error:
            failure = error
        self._check_merged(ends)
        return rows, failure

    def _check_merged(self, ends: Sequence[int]) -> None:
        """A row of several lines, each of which could be a row, is a question."""
        recent = self._lines.recent or []
        if len(recent) < len(ends):
            return
        for start, end in pairwise((*ends, len(recent))):
            merged = recent[start:end]
            if len(merged) > 1 and self._table.dialect.fits(merged, len(self._table.header)):
                raise doubt(self._file, merged)

    def _check_quotes(self) -> None:
        """After a row with broken quotes, a row with half a pair shows that the broken one was longer than its line.

        Then what was taken for rows since are parts of a cell.
        """
        if self._lines.counting and self._lines.quotes % 2:
            raise UserError(
                f"{self._file}, data row {self._met} (line {self._lines.number}): half a pair of quotes, after a row "
                f"with unbalanced quotes at line {self._broken_at}: where that row ends cannot be told; mend it: a "
                "quote within quotes is written twice, or if no quotes stand around cells: `--quoting none`"
            )

    def _sift(
        self, rows: list[list[str]], line: int, parts: tuple[list[Sequence[str]], list[int], list[BadRow]]
    ) -> None:
        """Part sound rows from bad ones; `line` is the one before them."""
        kept, numbers, bad = parts
        width = len(self._table.header)
        filled = [row for row in rows if row]
        if {*map(len, filled)} <= {width}:
            picked = [self._pick(row) for row in filled]
            if is_sound(picked, len(self._table.columns)) and not self._repeated(picked):
                kept += picked
                numbers += range(self._met, self._met + len(picked))
                self._met += len(picked)
                return
        for row in rows:
            blank, lines = not row or (width > 1 and is_blank(row)), _lines_of(row)
            row = self._trimmed(row, width)
            if not blank and (reason := self._flaw(row, line + 1)):
                bad.append(BadRow(self._file, self._met + 1, line + 1, reason))
            elif not blank:
                kept.append(self._pick(row))
                numbers.append(self._met)
            self._met += not blank
            line += lines

    def _trimmed(self, row: list[str], width: int) -> list[str]:
        """The row without empty cells that the header does not have; the first such row is told."""
        cut = trimmed(row, width)
        if len(cut) < len(row) and not self._told:
            self._told = True
            self._say(f"{self._file}: rows end in empty cells beyond the header, which are not read")
        return cut

    def _repeated(self, picked: list[Sequence[str]]) -> bool:
        """Whether some row may be a header once more: its last cell that is read is a name, or empty as `sep=;`."""
        last = {row[-1] for row in picked if len(row[-1]) <= self._longest} if self._names else ()
        return any(not cell or cell.strip(BLANKS).casefold() in self._names for cell in last)

    def _flaw(self, row: list[str], line: int) -> str | None:
        header, columns = self._table.header, self._table.columns
        instruction = row[0][:3].lower() == "sep" and separator_of(self._table.dialect.delimiter.join(row))
        if self._names and (instruction or names_again(row, header)):
            return REPEATED
        if len(row) != len(header):
            return flaw(row, len(header), self._lines.encoding)
        picked = self._pick(row)
        if self._names and len(columns) > 1 and names_again(picked, columns):
            return REPEATED
        if self._names and names_again(sorted(map(str.casefold, row)), sorted(map(str.casefold, header))):
            raise UserError(
                f"{self._file}, line {line}: the header comes again in another order, as in joined files; what stands "
                "below it belongs to other columns: part the files there, and name both"
            )
        return flaw(picked, len(columns), self._lines.encoding)

    def _broken(self, error: Exception, line: int) -> BadRow:
        """The row at which reading broke off, unless it may reach beyond its line."""
        bad = BadRow(self._file, self._met, line, f"its quotes are not balanced ({error}){HINT}")
        if isinstance(error, UnicodeError):
            raise UserError(str(bad._replace(reason=not_of(self._lines.encoding)))) from None
        if "field limit" in str(error):
            bad = bad._replace(reason=TOO_LONG)
        if not self._table.dialect.quoted:
            return bad
        if self._lines.number == line and self._lines.last_quotes % 2 == 0:
            self._lines.counting, self._broken_at = True, self._broken_at or line
            return bad
        raise UserError(
            f"{bad._replace(reason='a quote opens')} that is never closed, or closed where none is wanted, so that the "
            f"next row cannot be found; mend it: a quote within quotes is written twice{HINT}"
        ) from None


def _lines_of(row: list[str]) -> int:
    """Lines that a row takes."""
    return 1 + sum(len(_LINE_END.findall(cell)) for cell in row if "\n" in cell or "\r" in cell)
