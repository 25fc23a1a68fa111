"""Rows of JSON Lines: one object a line."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from headstart.cache.runtime.errors import UserError
from headstart.extract.tables.batch import (
    MOST_CHARACTERS,
    MOST_ITEMS,
    TOO_LONG,
    BadRow,
    TableBatch,
    is_encodable,
    not_of,
)
from headstart.extract.tables.records import Digits, Objects, Record, cell
from headstart.extract.tables.source import FirstRows, TableSource, choose_from, first_count
from headstart.extract.tables.streams import Lines

MOST_AT_ONCE = 32_000_000  # characters of a batch


class _NoObjectError(ValueError):
    """A line is no object that can be read."""


class _Constant(str):
    """`NaN` or `Infinity`, which is no JSON."""


class _Doubled(dict[str, Any]):
    """An object that names a key more than once.

    Attributes:
        twice: Such keys.
    """

    twice: frozenset[str] = frozenset()


def read_json_lines(source: TableSource, lines: Lines) -> Iterator[TableBatch]:
    """Read a file in batches; blank lines are no rows, and numbers keep the digits of the file.

    The first batch that holds an object shows which columns there are.

    Args:
        source: The file, and what is asked of it.
        lines: Its text.

    Raises:
        UserError: the file is one JSON array.
    """
    reader = _JsonLinesReader(source, lines)
    while not reader.done:
        batch = reader.take(source.rows)
        if len(batch.rows) or batch.bad:
            yield batch
    if not reader.met and not source.part:
        raise UserError(f"{source.name} is empty; each line must hold a JSON object")


class _JsonLinesReader:
    """Where we are in a file."""

    def __init__(self, source: TableSource, lines: Lines) -> None:
        self.done, self.met = False, 0
        self._source, self._lines, self._iterator = source, lines, iter(lines)
        self._columns: list[str] | None = None

    def take(self, count: int) -> TableBatch:
        """Read so many rows."""
        records, bad, end = list[Record](), list[BadRow](), self._lines.characters + MOST_AT_ONCE
        while len(records) + len(bad) < count and self._lines.characters < end:
            if (line := self._next()) is None:
                self.done = True
                break
            try:
                records.append((self.met - 1, self._lines.number, self._parse(line)))
            except _NoObjectError as error:
                bad.append(BadRow(self._source.name, self.met, self._lines.number, str(error)))
        if self._columns is None and records:
            first = _first_rows(self._source.name, [fields for _, _, fields in records])
            self._columns = choose_from(self._source, first)
        objects = Objects(self._source.name, self._columns or [], self._lines.encoding, check=_reason)
        return objects.batch(records, bad, self.met)

    def _next(self) -> str | None:
        """The next line that is not blank; it counts as a row."""
        try:
            line = next((line for line in self._iterator if not line.isspace()), None)
        except UnicodeError:
            place = self._source.name, self.met + 1, self._lines.number + 1
            raise UserError(str(BadRow(*place, not_of(self._lines.encoding)))) from None
        if line is not None and not self.met and line.lstrip().startswith("["):
            raise UserError(
                f"{self._source.name} holds one JSON array; wanted is JSON Lines, one object a line: `jq -c '.[]'` "
                "makes it"
            )
        self.met += line is not None
        return line

    def _parse(self, line: str) -> dict[str, Any]:
        if len(line) > MOST_CHARACTERS and not line.lstrip().startswith("{"):  # one that was read past, too
            raise _NoObjectError(TOO_LONG)
        if len(line) > MOST_ITEMS and line.count(",") > MOST_ITEMS:
            raise _NoObjectError(f"it holds more than {MOST_ITEMS:,} values")
        try:
            return parse(line)
        except _NoObjectError:
            if is_encodable(line):
                raise
            raise _NoObjectError(not_of(self._lines.encoding)) from None


def _first_rows(file: str, records: Sequence[Mapping[str, Any]]) -> FirstRows:
    def read(names: Sequence[str]) -> dict[str, list[str]]:
        rows = records[: first_count(names)]
        return {name: [cell(fields.get(name)) for fields in rows] for name in names}

    return FirstRows(file, list(dict.fromkeys(chain.from_iterable(records))), read)


def parse(line: str) -> dict[str, Any]:
    """Parse an object; its numbers keep their digits.

    Raises:
        ValueError: it is none.
    """
    try:
        value = _DECODER.decode(line)
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
    if len(fields) == len(pairs):
        return fields
    doubled = _Doubled(fields)
    doubled.twice = frozenset(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
    return doubled


_DECODER = json.JSONDecoder(
    parse_float=Digits, parse_int=Digits, parse_constant=_Constant, object_pairs_hook=_fields
)


def _reason(fields: Mapping[str, Any], columns: Sequence[str]) -> str | None:
    """What is wrong with an object, as far as some of its keys go; None if nothing is."""
    if isinstance(fields, _Doubled) and (twice := [name for name in columns if name in fields.twice]):
        return f"it names the key {twice[0][:80]!r} twice"
    values = [fields.get(name) for name in columns]
    for value in chain(values, *(value for value in values if isinstance(value, list))):
        if isinstance(value, _Constant):
            return f"{value} is no JSON"
    return None
