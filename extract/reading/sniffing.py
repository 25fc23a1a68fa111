"""Find out the delimiter of a .csv file; in doubt it is a comma."""

import csv
from collections.abc import Sequence
from contextlib import suppress

DELIMITERS = (",", ";", "\t", "|")
SNIFFED = 50  # lines


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
