"""A row that cannot be used, and what to do about it."""

from typing import NamedTuple

from cache.errors import UserError
from extract.settings import ON_BAD_ROW


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
