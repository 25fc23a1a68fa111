"""A file and what is asked of it: which columns, in batches of how many rows."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from headstart.cache.runtime.errors import UserError
from headstart.extract.settings import TableFormat
from headstart.extract.tables.batch import Say, check_names

ROWS = 10_000  # of a batch
FIRST_CELLS = 1_000_000  # from which columns are chosen


class FirstRows(NamedTuple):
    """What is known of a table before its columns are chosen.

    Attributes:
        file: Name of its file, for messages.
        header: Names of all columns; some may be empty, or occur twice.
        read: Function from names of columns to their cells in the first rows, as many as there are; a column whose
            values have no text has none.
        headerless: Whether the first line looks like a row.
    """

    file: str
    header: Sequence[str]
    read: Callable[[Sequence[str]], dict[str, list[str]]]
    headerless: bool = False


Choose = Callable[[FirstRows], Sequence[str]]


class Part(NamedTuple):
    """Some rows of a file, found without the others.

    Attributes:
        kind: `groups`, numbers of a Parquet file's row groups, or `bytes`, of whole lines.
        start, stop: The first one, and the one behind the last.
        header: Bytes to be read before the lines: those that name the columns.
        footer: Metadata of the Parquet file, which is then not read again.
    """

    kind: str
    start: int
    stop: int
    header: bytes = b""
    footer: Any = None


class TableSource(NamedTuple):
    """A file, and what is asked of it.

    Attributes:
        file: Its path, `-` for standard input, or `hf:OWNER/NAME`.
        name: What messages call it.
        choose: Names the columns to read; is asked once, and nothing of another column is looked at after that.
        rows: Most rows of a batch.
        format: How text is read.
        say: Takes a line about something that was recognised.
        part: The rows to read; None takes the whole file.
    """

    file: str
    name: str
    choose: Choose
    rows: int = ROWS
    format: TableFormat = TableFormat()
    say: Say = print
    part: Part | None = None


def all_columns(first: FirstRows) -> list[str]:
    """Choose every column.

    Raises:
        UserError: they are too many, two have one name, or they have none.
    """
    refuse_headerless(first)
    return check_names(first.file, first.header or [""])


def refuse_headerless(first: FirstRows) -> None:
    """Refuse a table whose first line looks like a row.

    Raises:
        UserError: it does.
    """
    if first.headerless:
        start = ", ".join(first.header)[:80]
        raise UserError(
            f"the first line of {first.file} looks like data, no header ({start}); it must name the columns: with "
            "`--no-header` they are called 1, 2, 3, ...; if it does name them, choose with --text-column"
        )


def choose_from(source: TableSource, first: FirstRows) -> list[str]:
    """Return the columns to read.

    Raises:
        UserError: the choice is refused, or two columns have the name of a chosen one.
    """
    columns = list(source.choose(first))
    refuse_twice(first, columns)
    return columns


def refuse_twice(first: FirstRows, names: Sequence[str]) -> None:
    """Refuse names that two columns have.

    Raises:
        UserError: one of them is such a name.
    """
    counts = Counter(first.header)
    if twice := [name for name in names if counts[name] > 1]:
        raise UserError(f"{first.file} names the column {twice[0][:80]!r} twice; rename one")


def first_count(names: Sequence[str]) -> int:
    """Rows from which so many columns are chosen: a wide table shows few."""
    return min(ROWS, max(20, FIRST_CELLS // max(1, len(names))))
