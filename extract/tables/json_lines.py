"""Rows of JSON Lines: one object a line."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from headstart.cache.runtime.errors import UserError
from headstart.extract.tables.batch import MOST_CHARACTERS, TOO_LONG, BadRow, TableBatch, is_encodable, not_of
from headstart.extract.tables.records import Objects
from headstart.extract.tables.streams import Lines

MOST_AT_ONCE = 32_000_000  # characters of a batch


class _NoObjectError(ValueError):
    """A line is no object that can be read."""


def read_json_lines(file: str, lines: Lines, rows: int) -> Iterator[TableBatch]:
    """Read a file in batches; blank lines are no rows, and numbers keep the digits of the file.

    Raises:
        UserError: the file is one JSON array.
    """
    reader = _JsonLinesReader(file, lines)
    while not reader.done:
        batch = reader.take(rows)
        if batch.rows or batch.bad:
            yield batch
    if not reader.met:
        raise UserError(f"{file} is empty; each line must hold a JSON object")


class _JsonLinesReader:
    """Where we are in a file."""

    def __init__(self, file: str, lines: Lines) -> None:
        self.done, self.met = False, 0
        self._file, self._lines, self._iterator = file, lines, iter(lines)
        self._objects = Objects(file)

    def take(self, count: int) -> TableBatch:
        """Read so many rows."""
        records, numbers, at, bad = list[Mapping[str, Any]](), list[int](), list[int | None](), list[BadRow]()
        end = self._lines.characters + MOST_AT_ONCE
        while len(records) + len(bad) < count and self._lines.characters < end:
            if (line := self._next()) is None:
                self.done = True
                break
            try:
                records.append(self._parse(line))
            except _NoObjectError as error:
                bad.append(BadRow(self._file, self.met, self._lines.number, str(error)))
            else:
                numbers.append(self.met - 1)
                at.append(self._lines.number)
        return self._objects.batch(records, numbers, at, bad, self.met)

    def _next(self) -> str | None:
        """The next line that is not blank; it counts as a row."""
        try:
            line = next((line for line in self._iterator if not line.isspace()), None)
        except UnicodeError:
            reason = not_of(self._lines.encoding)
            raise UserError(str(BadRow(self._file, self.met + 1, self._lines.number + 1, reason))) from None
        if line is not None and not self.met and line.lstrip().startswith("["):
            raise UserError(
                f"{self._file} holds one JSON array; wanted is JSON Lines, one object a line: `jq -c '.[]'` makes it"
            )
        self.met += line is not None
        return line

    def _parse(self, line: str) -> dict[str, Any]:
        if len(line) > MOST_CHARACTERS:
            raise _NoObjectError(TOO_LONG)
        if not is_encodable(line):
            raise _NoObjectError(not_of(self._lines.encoding))
        return parse(line)


def parse(line: str) -> dict[str, Any]:
    """Parse an object; its numbers stay strings.

    Raises:
        ValueError: it is none.
    """
    try:
        value = json.loads(
            line, parse_float=str, parse_int=str, parse_constant=_no_number, object_pairs_hook=_fields
        )
    except json.JSONDecodeError as error:
        raise _NoObjectError(f"it is no JSON ({error.msg}, column {error.colno})") from None
    except RecursionError:
        raise _NoObjectError("its JSON is nested too deeply") from None
    if not isinstance(value, dict):
        raise _NoObjectError(f"it is a JSON {_KINDS.get(type(value), 'value')}, wanted is an object")
    return value


_KINDS = {list: "array", str: "string or number", bool: "boolean", type(None): "null"}


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _NoObjectError(f"it names the key {twice[:80]!r} twice")
    return fields


def _no_number(constant: str) -> NoReturn:
    raise _NoObjectError(f"{constant} is no JSON")
