"""What label cells without lists may hold, and what labels follow from all of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Int

from headstart.cache.runtime.errors import UserError
from headstart.cache.task import BINARY, Task
from headstart.extract.dataset.categories import BadCellError
from headstart.extract.dataset.class_names import (
    FLAGS,
    MOST_SHOWN,
    NO_LABEL,
    by_spelling,
    in_order,
    lacks_label,
    look_up,
    missing_words,
    one_spelling,
    refuse_measurements,
    refuse_too_many,
    renamed,
    spelling,
)
from headstart.extract.tables.batch import BLANKS

Labels = Int[np.ndarray, " b *k"]


class OneClass:
    """One column, whose cells name a class.

    Args:
        column: Name of the column.
        names: New names for the classes in order.
        allowed: The only cells there may be, in the order of the classes; None allows all.
        fewest: Classes that must occur.

    Attributes:
        column: As given.
    """

    def __init__(
        self,
        column: str,
        names: Sequence[str] | None = None,
        allowed: Sequence[str] | None = None,
        fewest: int = 2,
    ) -> None:
        self.column, self._names, self._allowed, self._fewest = column, names, allowed, fewest
        self._known = by_spelling(allowed or ())
        self._classes = set[str]()

    def read(self, content: str) -> str:
        """Return the class."""
        value = content.strip(BLANKS)
        if not value:
            raise BadCellError(f"column {self.column!r} holds ''; every row needs a label")
        spelled = spelling(value)
        if self._allowed is not None:
            absent = spelled == NO_LABEL and NO_LABEL not in self._known
            return NO_LABEL if absent else look_up(self._known, value, self.column)
        self._classes.add(spelled)
        refuse_too_many(self.column, self._classes)
        return value

    def unlabelled(self, values: list[Any]) -> tuple[list[int], str]:
        """Find out whether -1 is a class here, or says that there is none; whoever names the classes decides it."""
        spelled = one_spelling(values)
        names = set(spelled.values())
        absent = missing_words(values)
        absent |= {NO_LABEL} if lacks_label(names - absent) else set()
        if self._allowed is not None:
            absent = names & {NO_LABEL} - self._known.keys()
        elif len(self._names or ()) == len(names):
            absent = set()
        codes = [code for code, value in enumerate(values) if spelled[value] in absent]
        others = in_order([*(names - absent)])
        shown, first = ", ".join(sorted(absent)), ",".join(sorted(absent))
        way = ",".join([first, *others]) if len(others) <= MOST_SHOWN else f"{first},{others[0]},..."
        return codes, (
            f"{shown} in column {self.column!r} is no label beside {', '.join(others[:MOST_SHOWN])}; if it is a class, "
            f"name it with the others: --class-names={way}"
        )

    def finish(self, values: list[Any], codes: Int[np.ndarray, " b"]) -> tuple[Task, Labels]:
        """Number the classes in their order."""
        spelled = one_spelling(values) if self._allowed is None else {value: value for value in values}
        used = {int(code): spelled[values[code]] for code in np.unique(codes)}
        names = list(dict.fromkeys(used.values()))
        self._check(names, len(codes))
        classes = list(self._allowed) if self._allowed else in_order(names)
        table = np.zeros(len(values), np.int32)
        for code, value in used.items():
            table[code] = classes.index(value)
        return self._task(classes), table[codes]

    def describe(self, labels: Labels) -> str:
        """Name classes that differ in nothing but case: they may be one."""
        alike: dict[str, list[str]] = {}
        for name in sorted(self._classes):
            alike.setdefault(name.casefold(), []).append(name)
        names = next((names for names in alike.values() if len(names) > 1), [])
        listed = " and ".join(repr(name[:80]) for name in names)
        line = (
            f"{listed} in column {self.column!r} are classes of their own; if they are one, spell them alike"
        )
        return line if names else ""

    def _check(self, names: list[str], rows: int) -> None:
        if len(names) == 1 < self._fewest:
            raise UserError(
                f"all {rows} rows have {names[0][:80]} in column {self.column!r}; two classes are needed"
            )
        refuse_measurements(names, self.column)

    def _task(self, classes: list[str]) -> Task:
        task = BINARY if classes == ["0", "1"] else Task(_kind(len(classes)), tuple(classes))
        return task if self._names is None else renamed(task, self._names)


class Flags:
    """Several columns of 0 and 1: a row can have any number of these labels.

    Args:
        columns: Names of the columns.
        names: New names for the classes in order.
    """

    def __init__(self, columns: Sequence[str], names: Sequence[str] | None = None) -> None:
        if twice := [name for name in columns if columns.count(name) > 1]:
            raise UserError(f"--label-column names {twice[0]!r} twice")
        self._columns, self._names = columns, names

    def read(self, content: tuple[str, ...]) -> tuple[int, ...]:
        """Return 0 or 1 for each column; nothing for a row whose columns all hold -1."""
        cells = [spelling(cell.strip(BLANKS)) for cell in content]
        if {*cells} == {NO_LABEL}:
            return ()
        for name, cell, spelled in zip(self._columns, content, cells, strict=True):
            if spelled not in FLAGS:
                raise BadCellError(
                    f"column {name!r} holds {cell[:80]!r}; with several label columns each cell must be 0 or 1"
                )
        return tuple(FLAGS[cell] for cell in cells)

    def unlabelled(self, values: list[Any]) -> tuple[list[int], str]:
        """Find the rows whose columns all hold -1."""
        return [code for code, value in enumerate(values) if not value], "-1 in all label columns is no label"

    def finish(self, values: list[Any], codes: Int[np.ndarray, " b"]) -> tuple[Task, Labels]:
        """Return a label for each column."""
        task = Task("multilabel", tuple(self._columns))
        labels = np.array([value or (0,) * len(self._columns) for value in values], np.int32)
        labels = labels.reshape(-1, len(self._columns))[codes]
        return (task if self._names is None else renamed(task, self._names)), labels


def _kind(classes: int) -> str:
    return "binary" if classes == 2 else "multiclass"
