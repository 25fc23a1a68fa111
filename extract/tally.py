"""Where every row went: the rows that were read are those used, and those that were left out, each for its reason."""

import contextlib
import json
import os
from collections.abc import Iterable
from types import TracebackType
from typing import IO, NamedTuple

from cache.errors import UserError
from extract.reading.bad import BadRow, check_mode, refusal

EXAMPLES = 3


class Tally(NamedTuple):
    """Rows of all files, counted.

    Attributes:
        read: rows that were met, bad ones included.
        used: rows that were kept.
        empty: rows without text, left out.
        undrawn: rows that `--limit` left out.
        bad: rows that cannot be used, left out.
        examples: what is wrong with the first of these.
        report: file that lists them all, if there is one.
    """

    read: int = 0
    used: int = 0
    empty: int = 0
    undrawn: int = 0
    bad: int = 0
    examples: tuple[str, ...] = ()
    report: str | None = None

    @property
    def balanced(self) -> bool:
        """Whether no row is lost."""
        return self.read == self.used + self.empty + self.undrawn + self.bad

    def __str__(self) -> str:
        parts = [f"{self.used:,} used", f"{self.empty:,} rows without text left out"]
        parts += [f"{self.undrawn:,} not drawn"] if self.undrawn else []
        parts += [f"{self.bad:,} bad"]
        return f"{self.read:,} rows read = {' + '.join(parts)}"

    def details(self) -> list[str]:
        """Lines about the bad rows."""
        lines = [f"left out: {example}" for example in self.examples]
        lines += [f"left out: {self.bad - len(lines):,} more bad rows"] if self.bad > len(lines) else []
        return lines + ([f"all {self.bad:,} bad rows: {self.report}"] if self.report else [])


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
        self._mode, self._file = mode, None if mode != "report" else _written(_staging(path))

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
            if self._file:
                self._file.write(json.dumps(row._asdict()) + "\n")

    def __enter__(self) -> "BadRows":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is None or self.path is None:
            return
        self._file.close()
        if kind is None:
            os.replace(_staging(self.path), self.path)
        else:
            with contextlib.suppress(FileNotFoundError):
                os.remove(_staging(self.path))


def _staging(path: str) -> str:
    return f"{path}.{os.getpid()}.partial"


def _written(path: str) -> IO[str]:
    try:
        return open(path, "w", encoding="utf-8")  # closed by __exit__
    except OSError as error:
        raise UserError(
            f"the list of bad rows cannot be written ({error.strerror}); choose another file with --bad-rows"
        ) from None
