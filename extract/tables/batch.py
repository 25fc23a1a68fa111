"""Some rows of a file as its format's reader hands them on, and what makes a row one that cannot be used."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

from headstart.cache.runtime.errors import UserError

MOST_CHARACTERS = 10_000_000  # of a cell
MOST_ITEMS = 1_000_000  # of the lists in a cell: each is a hundred bytes in memory
MOST_COLUMNS = 10_000

BLANKS = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "\u200b\u2060\ufeff"
"""Characters that show nothing: spaces of any width, also of none, and the byte-order mark."""
MOST_BLANKS = 20  # around a name
REPEATED = "it repeats the header, as in joined files"
Say = Callable[[str], None]
"""Takes a line about something that was recognised in a file."""

_HALVES = re.compile("[\ud800-\udc7f\udd00-\udfff]")
# Those between stand for bytes that are not of the encoding.
HALF = r"it holds half of a surrogate pair, such as \ud83d alone, which no text has"
TOO_LONG = f"a cell is longer than 10 MB ({MOST_CHARACTERS:,} characters)"


class BadRow(NamedTuple):
    """A row that cannot be used.

    Attributes:
        file: Name of its file.
        row: Its number in that file, counted from 1, the header left out.
        line: Line at which it starts; None where that is not known.
        reason: What is wrong with it.
    """

    file: str
    row: int
    line: int | None
    reason: str

    def __str__(self) -> str:
        line = "" if self.line is None else f" (line {self.line})"
        return f"{self.file}, data row {self.row}{line}: {self.reason}"


class TableBatch(NamedTuple):
    """Some rows of one file, in its order.

    Attributes:
        file: Name of the file.
        header: Names of the columns that were chosen.
        rows: Their cells in each sound row; a missing cell is empty.
        numbers: Position of each sound row in its file, counted from 0, `[b]` int64.
        met: Rows of the file so far, bad ones included.
        bad: The rows that are left out.
        source: Number of the file, from 0.
        before: Rows of all earlier files.
        values: Where the format has types, the values of each column's sound rows, of Python's types.
        types: Where the file says them, the Arrow types of these values.
    """

    file: str
    header: list[str]
    rows: Sequence[Sequence[str]]
    numbers: Int[np.ndarray, " b"]
    met: int
    bad: list[BadRow]
    source: int = 0
    before: int = 0
    values: Mapping[str, list[Any]] = MappingProxyType({})
    types: Mapping[str, Any] = MappingProxyType({})

    def column(self, name: str) -> list[str]:
        """Cells of a column; empty ones where the batch has none of that name."""
        if name not in self.header:
            return [""] * len(self.rows)
        place = self.header.index(name)
        return [row[place] for row in self.rows]

    def nested(self, name: str) -> list[int]:
        """Places of the rows that hold a list or an object in a column."""
        values = enumerate(self.values.get(name, ()))
        return [place for place, value in values if isinstance(value, list | tuple | dict)]


def check_names(file: str, names: Sequence[str]) -> list[str]:
    """Return the names of a table's columns as a list.

    Raises:
        UserError: they are too many, or one occurs twice.
    """
    if len(names) > MOST_COLUMNS:
        raise UserError(
            f"{file} has {len(names):,} columns, at most {MOST_COLUMNS:,} can be read; keep those with text and label"
        )
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        raise UserError(f"{file} names the column {name[:80]!r} twice; rename one")
    return list(names)


def names_again(cells: Sequence[str], names: Sequence[str]) -> bool:
    """Whether cells hold the names of their columns, in whatever case, with or without blanks around them."""
    return len(cells) == len(names) and all(
        len(cell) <= len(name) + MOST_BLANKS and cell.strip(BLANKS).casefold() == name.casefold()
        for cell, name in zip(cells, names, strict=True)
    )


def is_sound(rows: Sequence[Sequence[str]], width: int) -> bool:
    """Whether no row has a flaw; looks at all of them at once."""
    if not {*map(len, rows)} <= {width}:
        return False
    joined = "".join(map("".join, rows))
    if len(joined) > MOST_CHARACTERS and max(map(len, chain.from_iterable(rows))) > MOST_CHARACTERS:
        return False
    return "\0" not in joined and is_encodable(joined)


def flaw(cells: Sequence[str], width: int, encoding: str) -> str | None:
    """What is wrong with a row; None if nothing is.

    Args:
        cells: The row's; bytes that are not of the encoding are lone surrogates.
        width: How many there should be.
        encoding: Name of the file's encoding.
    """
    if len(cells) != width:
        count = "1 cell" if len(cells) == 1 else f"{len(cells):,} cells"
        return f"it has {count}, the header has {width}"
    joined = "".join(cells)
    if "\0" in joined:
        return "it holds a NUL byte, which no text has"
    if max(map(len, cells), default=0) > MOST_CHARACTERS:
        return TOO_LONG
    if is_encodable(joined):
        return None
    return HALF if _HALVES.search(joined) else not_of(encoding)


def not_of(encoding: str) -> str:
    """Say that bytes are not of an encoding."""
    other = "if the file is in another encoding, name it, like `--encoding cp1252`"
    return f"it is not {encoding.upper()}; {other}"


def is_encodable(text: str) -> bool:
    """Whether a text can be written as UTF-8, that is, holds no half of a surrogate pair."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
