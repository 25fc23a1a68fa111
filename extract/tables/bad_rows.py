"""Rows that cannot be used: what is wrong with each, and what becomes of it."""

import contextlib
import json
from collections.abc import Iterable
from itertools import chain
from types import TracebackType
from typing import IO, NamedTuple

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.files import atomic_file
from headstart.extract.settings import ON_BAD_ROW


class BadRow(NamedTuple):
    """A row that cannot be used.

    Attributes:
        file: it is in.
        row: its number in that file, counted from 1, the header left out.
        line: at which it starts; None where that is not known.
        reason: what is wrong with it.
    """

    file: str
    row: int
    line: int | None
    reason: str

    def __str__(self) -> str:
        line = "" if self.line is None else f" (line {self.line})"
        return f"{self.file}, data row {self.row}{line}: {self.reason}"


def refusal(bad: BadRow) -> UserError:
    """The error that stops at a bad row."""
    return UserError(f"{bad}; mend it, or leave such rows out with `--on-bad-row skip` (`report` lists them)")


def check_mode(mode: str) -> None:
    """Refuse an unknown way to treat bad rows.

    Raises:
        UserError: it is none of `ON_BAD_ROW`.
    """
    if mode not in ON_BAD_ROW:
        raise UserError(f"--on-bad-row {mode!r} is none of {', '.join(ON_BAD_ROW)}")


MOST_CHARACTERS = 10_000_000  # of a cell

TOO_LONG = f"a cell is longer than 10 MB ({MOST_CHARACTERS:,} characters)"


def is_sound(rows: list[list[str]], width: int) -> bool:
    """Whether no row has a flaw; looks at all of them at once."""
    if not {*map(len, rows)} <= {width}:
        return False
    joined = "".join(map("".join, rows))
    if len(joined) > MOST_CHARACTERS and max(map(len, chain.from_iterable(rows))) > MOST_CHARACTERS:
        return False
    return "\0" not in joined and is_encodable(joined)


def flaw(cells: list[str], width: int, encoding: str) -> str | None:
    """What is wrong with a row; None if nothing is.

    Args:
        cells: of the row; bytes that are not of the encoding are lone surrogates.
        width: how many there should be.
        encoding: of the file.
    """
    if len(cells) != width:
        return f"it has {_cells(len(cells))}, the header has {width}"
    joined = "".join(cells)
    if "\0" in joined:
        return "it holds a NUL byte, which no text has"
    if max(map(len, cells), default=0) > MOST_CHARACTERS:
        return TOO_LONG
    return None if is_encodable(joined) else not_of(encoding)


def not_of(encoding: str) -> str:
    """Say that bytes are not of an encoding."""
    return (
        f"it is not {encoding.upper()}; if the file is in another encoding, name it, like `--encoding cp1252`"
    )


def is_encodable(text: str) -> bool:
    """Whether a text can be written as UTF-8, that is, holds no half of a surrogate pair."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count:,} cells"


EXAMPLES = 3


class BadRows:
    """Takes bad rows as they are met: stops at the first, counts them, or writes them to a file.

    The file, JSON Lines, appears when all rows are read; after an error there is none.

    Args:
        mode: `error`, `skip` or `report`.
        path: of the file that `report` writes.

    Raises:
        UserError: there is no such mode, or the file cannot be written.
    """

    def __init__(self, mode: str, path: str) -> None:
        check_mode(mode)
        self.count, self.examples = 0, list[str]()
        self.path = path if mode == "report" else None
        self._mode, self._files = mode, contextlib.ExitStack()
        self._report = self._open(path) if mode == "report" else None

    def add(self, rows: Iterable[BadRow]) -> None:
        """Take rows.

        Raises:
            UserError: the mode is `error`.
        """
        for row in rows:
            if self._mode == "error":
                raise refusal(row)
            self.count += 1
            if len(self.examples) < EXAMPLES:
                self.examples.append(str(row))
            if self._report:
                self._report.write(json.dumps(row._asdict()).encode() + b"\n")

    def __enter__(self) -> "BadRows":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.__exit__(kind, error, trace)

    def _open(self, path: str) -> IO[bytes]:
        try:
            return self._files.enter_context(atomic_file(path))
        except OSError as error:
            raise UserError(
                f"the list of bad rows cannot be written ({error.strerror}); choose another file with --bad-rows"
            ) from None
