"""Rows of objects: the cells are strings, whatever the values are."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from headstart.extract.tables.batch import BadRow, TableBatch, check_names, flaw


class Objects:
    """Turns objects into batches; later objects may name further columns.

    Args:
        file: Name of their file.
        names: Columns that are there from the start.
    """

    def __init__(self, file: str, names: Iterable[str] = ()) -> None:
        self._file = file
        self._names = dict.fromkeys(names)
        self._header = list(self._names)

    def batch(
        self,
        records: Sequence[Mapping[str, Any]],
        numbers: list[int],
        lines: Sequence[int | None],
        bad: list[BadRow],
        met: int,
    ) -> TableBatch:
        """Make a batch of objects.

        Args:
            records: The objects.
            numbers: Position of each in the file, counted from 0.
            lines: Line of each; None where that is not known.
            bad: Other rows that are left out; flawed objects join them.
            met: Rows of the file so far.
        """
        self._add_names(records)
        nested = self._nested(records, numbers)
        kept, places = [], []
        for fields, number, line in zip(records, numbers, lines, strict=True):
            cells = [cell(fields.get(name)) for name in self._header]
            if reason := flaw(cells, len(self._header), "utf-8"):
                bad.append(BadRow(self._file, number + 1, line, reason))
            else:
                kept.append(cells)
                places.append(number)
        bad.sort(key=lambda row: row.row)
        return TableBatch(self._file, self._header, kept, np.array(places, np.int64), met, bad, nested)

    def batches(self, groups: Iterable[Sequence[Mapping[str, Any]]]) -> Iterator[TableBatch]:
        """Make a batch of each group of objects, which are all the rows of the file and have no lines."""
        met = 0
        for records in groups:
            numbers = list(range(met, met := met + len(records)))
            yield self.batch(records, numbers, [None] * len(records), [], met)

    def _add_names(self, records: Sequence[Mapping[str, Any]]) -> None:
        before = len(self._names)
        for fields in records:
            self._names.update(dict.fromkeys(fields))
        if len(self._names) > before:
            self._header = check_names(self._file, list(self._names))

    def _nested(self, records: Sequence[Mapping[str, Any]], numbers: list[int]) -> dict[str, set[int]]:
        nested: dict[str, set[int]] = {}
        for fields, number in zip(records, numbers, strict=True):
            for name, value in fields.items():
                if isinstance(value, list | tuple | dict):
                    nested.setdefault(name, set()).add(number)
        return nested


def cell(value: Any) -> str:
    """Return a value as the text of a cell; lists and objects as JSON, and nothing for a missing one."""
    if isinstance(value, str):
        return value
    if value is None or value != value:  # NaN is how tables write a missing number
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return f"{Decimal(float.__repr__(value)):f}".removesuffix(
            ".0"
        )  # the digits that other formats write, for large ones too
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return str(value)
