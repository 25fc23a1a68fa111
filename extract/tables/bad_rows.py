"""What becomes of rows that cannot be used: the first one stops all, or they are counted, or listed in a file."""

import contextlib
import json
from collections.abc import Iterable
from types import TracebackType
from typing import IO

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.files import atomic_file
from headstart.extract.settings import ON_BAD_ROW
from headstart.extract.tables.batch import REPEATED, BadRow

EXAMPLES = 3


def refusal(bad: BadRow) -> UserError:
    """The error that stops at a bad row."""
    return UserError(f"{bad}; mend it, or leave such rows out with `--on-bad-row skip` (`report` lists them)")


def first_refused(rows: Iterable[BadRow]) -> BadRow | None:
    """The first row at which to stop: a repeated header is no row that anyone would mend."""
    return next((row for row in rows if row.reason != REPEATED), None)


def check_mode(mode: str) -> None:
    """Refuse an unknown way to treat bad rows.

    Raises:
        UserError: it is none of `ON_BAD_ROW`.
    """
    if mode not in ON_BAD_ROW:
        raise UserError(f"--on-bad-row {mode!r} is none of {', '.join(ON_BAD_ROW)}")


class BadRows:
    """Takes bad rows as they are met: stops at the first, counts them, or writes them to a file.

    The file, JSON Lines, appears when all rows are read; after an error there is none.

    Args:
        mode: `error`, `skip` or `report`.
        path: File that `report` writes.

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
            UserError: the mode is `error`, and one is no repeated header.
        """
        for row in rows:
            if self._mode == "error" and first_refused([row]):
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
