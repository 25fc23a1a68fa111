"""What a label cell may hold, and what labels follow from all of them."""

import json
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int

from headstart.cache.runtime.errors import UserError
from headstart.cache.task import BINARY, Task
from headstart.extract.dataset.categories import BadCellError, in_order, refuse_measurements

MOST_CLASSES = 1_000
YES = {"1": 1, "true": 1, "0": 0, "false": 0}

Labels = Int[np.ndarray, " b *k"]


@runtime_checkable
class LabelFormat(Protocol):
    """A way to write labels."""

    def read(self, content: Any) -> Any:
        """Return what a row's label cells say.

        Raises:
            BadCellError: nothing that can be used.
            UserError: there are too many classes.
        """

    def finish(self, values: list[Any], codes: Int[np.ndarray, " b"]) -> tuple[Task, Labels]:
        """Return the task and the labels.

        Args:
            values: All that was read.
            codes: Position of each row's value among these, `[b]`.

        Raises:
            UserError: there is only one class, or the values are no classes.
        """


class OneClass:
    """One column, whose cells name a class.

    Args:
        column: Name of the column.
        names: New names for the classes in order.
        allowed: The only cells there may be, in the order of the classes; None allows all.
    """

    def __init__(
        self, column: str, names: Sequence[str] | None = None, allowed: Sequence[str] | None = None
    ) -> None:
        self._column, self._names, self._allowed = column, names, allowed
        self._classes = set[str]()

    def read(self, content: str) -> str:
        """Return the class."""
        value = content.strip()
        if not value:
            raise BadCellError(f"column {self._column!r} holds ''; every row needs a label")
        if self._allowed is not None and value not in self._allowed:
            raise BadCellError(unknown(self._column, value, self._allowed))
        self._classes.add(value)
        _check_count(self._column, self._classes)
        return value

    def finish(self, values: list[Any], codes: Int[np.ndarray, " b"]) -> tuple[Task, Labels]:
        """Number the classes in their order."""
        used = {int(code): values[code] for code in np.unique(codes)}
        if {value.lower() for value in used.values()} <= {"true", "false"}:
            used = {code: value.lower() for code, value in used.items()}
        names = list(dict.fromkeys(used.values()))
        self._check(names, len(codes))
        classes = list(self._allowed) if self._allowed else in_order(names)
        table = np.zeros(len(values), np.int32)
        for code, value in used.items():
            table[code] = classes.index(value)
        return self._task(classes), table[codes]

    def _check(self, names: list[str], rows: int) -> None:
        if len(names) == 1:
            raise UserError(
                f"all {rows} rows have {names[0][:80]} in column {self._column!r}; two classes are needed"
            )
        refuse_measurements(names, self._column)

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
        """Return 0 or 1 for each column."""
        for name, cell in zip(self._columns, content, strict=True):
            if cell.strip().lower() not in YES:
                raise BadCellError(
                    f"column {name!r} holds {cell[:80]!r}; with several label columns each cell must be 0 or 1"
                )
        return tuple(YES[cell.strip().lower()] for cell in content)

    def finish(self, values: list[Any], codes: Int[np.ndarray, " b"]) -> tuple[Task, Labels]:
        """Return a label for each column."""
        task = Task("multilabel", tuple(self._columns))
        labels = np.array(values, np.int32).reshape(-1, len(self._columns))[codes]
        return (task if self._names is None else renamed(task, self._names)), labels


class Items:
    """One column of lists: a row has the labels that its list names; an empty list is a row without labels.

    Args:
        column: Name of the column.
        separator: What stands between the items of a cell; None reads JSON arrays.
        allowed: The only items there may be, in the order of the classes; None allows all.
    """

    def __init__(self, column: str, separator: str | None, allowed: Sequence[str] | None = None) -> None:
        self._column, self._separator, self._allowed = column, separator, allowed
        self._classes = set[str]()

    def read(self, content: str) -> tuple[str, ...]:
        """Return the items of a cell."""
        items = sorted({*self._split(content)})
        if "" in items:
            raise BadCellError(f"column {self._column!r} holds an empty label in its list")
        if self._allowed is not None and (odd := [item for item in items if item not in self._allowed]):
            raise BadCellError(unknown(self._column, odd[0], self._allowed))
        self._classes.update(items)
        _check_count(self._column, self._classes)
        return tuple(items)

    def _split(self, content: str) -> list[str]:
        if self._separator is None:
            return items_of(content, self._column)
        return [item.strip() for item in content.split(self._separator)] if content.strip() else []

    def finish(self, values: list[Any], codes: Int[np.ndarray, " b"]) -> tuple[Task, Labels]:
        """Return a label for each item there is."""
        used = np.unique(codes)
        names = {item for code in used for item in values[code]}
        if not names:
            raise UserError(f"all lists in column {self._column!r} are empty; at least one label is needed")
        classes = list(self._allowed) if self._allowed else in_order(list(names))
        table = np.zeros((len(values), len(classes)), np.int32)
        places = {name: place for place, name in enumerate(classes)}
        for code in used:
            table[code, [places[item] for item in values[code]]] = 1
        return Task("multilabel", tuple(classes)), table[codes]


def are_lists(cells: Sequence[str]) -> bool:
    """Whether all filled cells are JSON arrays of labels."""
    filled = [cell for cell in cells if cell.strip()]
    return bool(filled) and all(cell.lstrip().startswith("[") and _is_list(cell) for cell in filled)


def _is_list(cell: str) -> bool:
    try:
        items_of(cell, "")
    except BadCellError:
        return False
    return True


def items_of(content: str, column: str) -> list[str]:
    """Return the items of a JSON array of strings, numbers and truth values.

    Raises:
        BadCellError: it is none.
    """
    try:
        items = json.loads(content, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        items = None
    if not isinstance(items, list):
        raise BadCellError(f'column {column!r} holds {content[:80]!r}; a list like ["a", "b"] is wanted')
    return [_item(item, column) for item in items]


def _check_count(column: str, classes: set[str]) -> None:
    """Refuse a column with too many classes; reading stops at the first one too many."""
    if len(classes) > MOST_CLASSES:
        raise UserError(
            f"column {column!r} holds {len(classes):,} different values or more, at most {MOST_CLASSES:,} classes can "
            "be told apart; choose another column with --label-column"
        )


def unknown(column: str, value: str, allowed: Sequence[str]) -> str:
    """Say that a label is none of those that there may be."""
    known = ", ".join(allowed[:20])
    return f"column {column!r} holds the label {value[:80]!r}, which is none of --class-names {known}"


def renamed(task: Task, names: Sequence[str]) -> Task:
    """Give the classes other names.

    Raises:
        UserError: they are not as many as the classes.
    """
    if len(names) != len(task.classes):
        classes = ", ".join(task.classes[:20])
        raise UserError(
            f"--class-names gives {len(names)} names, the classes are {len(task.classes)}: {classes}; name each once, "
            "in this order"
        )
    return Task(task.kind, tuple(names))


def _item(item: Any, column: str) -> str:
    if isinstance(item, bool):
        return "true" if item else "false"
    if not isinstance(item, str):
        raise BadCellError(f"column {column!r} holds {json.dumps(item)[:80]} in a list; a name is wanted")
    return item.strip()


def _kind(classes: int) -> str:
    return "binary" if classes == 2 else "multiclass"
