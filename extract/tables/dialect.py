"""How delimited text is written: the character between cells, and whether quotes stand around them."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from headstart.cache.runtime.errors import UserError

DELIMITERS = (",", ";", "\t", "|")
SNIFFED = 50  # lines
UNQUOTED = ("\t", "|")
"""Delimiters that no text holds, so that their files are often written without quotes."""


class Dialect(NamedTuple):
    """How cells are parted.

    Attributes:
        delimiter: Character between cells.
        quoted: Whether quotes stand around cells.
        guarded: Whether a row of several lines must be doubted, each of which could be a row.
    """

    delimiter: str
    quoted: bool = True
    guarded: bool = False

    def rows(self, lines: Iterable[str]) -> Any:
        """Return a reader of lines, as the module `csv` makes it."""
        quoting: Any = csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE
        return csv.reader(lines, delimiter=self.delimiter, quoting=quoting, strict=True)

    def groups(self, lines: Sequence[str]) -> Iterator[tuple[list[str] | None, Sequence[str]]]:
        """Each row with its lines; None for one whose quotes are broken."""
        rows, start = self.rows(lines), 0
        while True:
            try:
                row: list[str] | None = next(rows, [])
            except csv.Error:
                row = None
            if rows.line_num == start:
                return
            yield row, lines[start : rows.line_num]
            start = rows.line_num

    def fits(self, lines: Iterable[str], width: int) -> bool:
        """Whether each line, read without quotes, is a row of so many cells; blank lines are none."""
        return all(line.count(self.delimiter) + 1 == width for line in lines if not line.isspace())


def is_blank(row: Sequence[str]) -> bool:
    """Whether a line holds nothing but blanks."""
    return len(row) == 1 and row[0].isspace()


def trimmed(row: list[str], width: int) -> list[str]:
    """The row without empty cells that it has at its end, beyond a width."""
    return row[:width] if len(row) > width and not any(map(str.strip, row[width:])) else row


def sniff(lines: Sequence[str]) -> str:
    """Return the delimiter of a file that starts with these lines.

    Another one than the comma is taken only if it cuts the header and every row into the same number of cells, at
    least two, and neither the comma nor a third one does so too: with quotes, or else without, or else but for less
    than half of the rows.
    """
    for width_of in (_quoted_width, _unquoted_width, _usual_width):
        fitting = [delimiter for delimiter in DELIMITERS if width_of(lines, delimiter) > 1]
        if fitting:
            return fitting[0] if len(fitting) == 1 else ","
    return ","


def _quoted_width(lines: Sequence[str], delimiter: str) -> int:
    """Cells of every row; 0 where the rows differ."""
    rows: list[list[str]] = []
    with suppress(csv.Error):  # the last row goes on beyond these lines, or has a flaw that is told later
        rows.extend(Dialect(delimiter).rows(lines))
    filled = [row for row in rows if row]
    widths = {len(trimmed(row, len(filled[0]))) for row in filled}
    return widths.pop() if len(widths) == 1 else 0


def _unquoted_width(lines: Sequence[str], delimiter: str) -> int:
    widths = {line.count(delimiter) + 1 for line in lines if not line.isspace()}
    return widths.pop() if len(widths) == 1 else 0


def _usual_width(lines: Sequence[str], delimiter: str) -> int:
    """Cells of the header; 0 where not most of the rows have as many."""
    rows = [row or [] for row, _ in Dialect(delimiter).groups(lines) if row != []] or [[]]
    widths = [len(trimmed(row, len(rows[0]))) for row in rows]
    return widths[0] if 2 * widths[1:].count(widths[0]) > len(widths) - 1 else 0


def choose_quoting(file: str, lines: Sequence[str], delimiter: str) -> Dialect:
    """Find out whether quotes stand around cells: lines are not merged that are rows without quotes.

    Between tabs and bars, quotes that break, or merge lines each of which has as many cells as the header, are
    characters as others, unless quotes elsewhere do part what else had too many cells. Between commas quotes are the
    rule, and where they alone would merge such lines, the user is asked; further on, too, if the
    first lines have no quotes.

    Args:
        file: Name of the file, for messages.
        lines: Its first lines, the header first.
        delimiter: Character between cells.

    Raises:
        UserError: it cannot be told.
    """
    dialect, often = Dialect(delimiter), delimiter in UNQUOTED
    evidence = _weigh(dialect, lines)
    if often and evidence.unquoted and not evidence.quoted and 2 * evidence.marked <= evidence.rows:
        return Dialect(delimiter, quoted=False)
    shown = evidence.quoted or evidence.marked or evidence.broken
    if not often and evidence.merged and not shown:
        raise doubt(file, evidence.merged)
    return dialect._replace(guarded=often or (not shown and delimiter in "".join(lines[:1])))


def doubt(file: str, lines: Sequence[str]) -> UserError:
    """The question whether lines are one row or several."""
    start = lines[0].rstrip()[:80]
    return UserError(
        f"{file}: {len(lines):,} lines from {start!r} on are one row if quotes stand around cells, and rows of their "
        "own if not; say which: `--quoting minimal` or `--quoting none`"
    )


class _Evidence(NamedTuple):
    """How many rows speak for what.

    Attributes:
        rows: All of them.
        quoted: Rows that have as many cells as the header only if quotes stand around cells, or write quotes within
            them twice.
        unquoted: Rows that break or swallow others unless quotes are characters as others.
        marked: Rows of one line, as wide either way, with quotes around a cell.
        broken: Rows whose quotes are not balanced.
        merged: Lines of the first row that would swallow others.
    """

    rows: int
    quoted: int
    unquoted: int
    marked: int
    broken: int
    merged: Sequence[str]


def _doubles(dialect: Dialect, row: Sequence[str]) -> bool:
    """Whether a row's cells hold quotes, which it writes twice; between tabs and bars `""` may be two characters."""
    return dialect.delimiter not in UNQUOTED and any('"' in cell for cell in row)


def _weigh(dialect: Dialect, lines: Sequence[str]) -> _Evidence:
    rows = quoted = unquoted = marked = broken = 0
    merged: Sequence[str] = ()
    width = len(next((row for row, _ in dialect.groups(lines) if row), [""]))
    for row, group in dialect.groups(lines):
        rows += 1
        if len(group) == 1 and '"' not in group[0]:
            continue
        fits = (width > 1 or dialect.delimiter in UNQUOTED) and dialect.fits(group, width)
        broken += row is None
        quoted += row is not None and len(row) == width and (not fits or _doubles(dialect, row))
        unquoted += fits and (row is None or len(group) > 1)
        plain = group[0].rstrip("\r\n").split(dialect.delimiter)
        marked += fits and len(group) == 1 and row not in (None, plain)
        merged = merged or (group if fits and row is not None and len(group) > 1 else ())
    return _Evidence(rows, quoted, unquoted, marked, broken, merged)
