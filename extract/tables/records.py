"""Rows of objects: the cells are strings, whatever the values are."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import repeat
from types import MappingProxyType
from typing import Any

import numpy as np

from headstart.extract.tables.batch import REPEATED, BadRow, TableBatch, flaw, names_again

MOST_AT_ONCE = 32_000_000  # characters of a batch, where rows share their cells


class Digits(str):
    """A number as it is written in a file."""

    __slots__ = ()


Record = tuple[int, int | None, Mapping[str, Any]]
"""Position of an object in its file, counted from 0; its line, where that is known; the object."""
Check = Callable[[Mapping[str, Any], Sequence[str]], str | None]
"""What is wrong with an object, as far as some of its keys go; None if nothing is."""


class Objects:
    """Turns objects into batches of their chosen columns.

    Args:
        file: Name of their file.
        columns: Keys that are read; an object without one has an empty cell there.
        encoding: Name of the file's encoding.
        types: Arrow types of the columns, where the file says them.
        check: What its format has against an object.
    """

    def __init__(
        self,
        file: str,
        columns: Sequence[str],
        encoding: str = "utf-8",
        types: Mapping[str, Any] = MappingProxyType({}),
        check: Check = lambda fields, columns: None,
    ) -> None:
        self._file, self._columns, self._encoding, self._types = file, list(columns), encoding, types
        self._check = check

    def batch(self, records: Iterable[Record], bad: list[BadRow], met: int) -> TableBatch:
        """Make a batch of objects.

        Args:
            records: The objects.
            bad: Other rows that are left out; flawed objects join them.
            met: Rows of the file so far.
        """
        rows, numbers, sound = [], [], []
        for number, line, fields in records:
            cells = [cell(fields.get(name)) for name in self._columns]
            if reason := self._check(fields, self._columns) or self._flaw(cells):
                bad.append(BadRow(self._file, number + 1, line, reason))
            else:
                rows.append(cells)
                numbers.append(number)
                sound.append(fields)
        bad.sort(key=lambda row: row.row)
        values = {name: [fields.get(name) for fields in sound] for name in self._columns}
        batch = TableBatch(self._file, self._columns, rows, np.array(numbers, np.int64), met, bad)
        return batch._replace(values=values, types=self._types)

    def _flaw(self, cells: Sequence[str]) -> str | None:
        if len(cells) > 1 and names_again(cells, self._columns):
            return REPEATED
        return flaw(cells, len(self._columns), self._encoding)

    def batches(self, groups: Iterable[Sequence[Mapping[str, Any]]]) -> Iterator[TableBatch]:
        """Make batches of groups of objects, which are all the rows of the file and have no lines."""
        met = 0
        for group in groups:
            for records in self._small(group):
                numbers = range(met, met := met + len(records))
                yield self.batch(zip(numbers, repeat(None), records, strict=False), [], met)

    def _small(self, records: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[Mapping[str, Any]]]:
        """Cut a group where its strings become too many."""
        start = size = 0
        for place, fields in enumerate(records):
            size += sum(len(value) for name in self._columns if isinstance(value := fields.get(name), str))
            if size > MOST_AT_ONCE:
                yield records[start : place + 1]
                start, size = place + 1, 0
        if start < len(records):
            yield records[start:]


def cell(value: Any) -> str:
    """Return a value as the text of a cell; lists and objects as JSON, and nothing for a missing one."""
    if isinstance(value, str):
        return str(value)  # digits become a plain string
    if value is None or value != value:  # NaN is how tables write a missing number
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        # the digits that other formats write, for large ones too
        return f"{Decimal(float.__repr__(value)):f}".removesuffix(".0")
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return str(value)
