"""From columns of strings to a task and its labels."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Int

from cache.errors import UserError
from cache.task import BINARY, Task

MOST_CLASSES = 1_000
MOST_DECIMALS = 20  # distinct numbers with a fraction: more are measurements, not classes
YES = {"1": 1, "true": 1, "0": 0, "false": 0}


def recognise(
    table: pd.DataFrame, columns: Sequence[str], names: Sequence[str] | None = None
) -> tuple[Task, Int[np.ndarray, " b *k"]]:
    """Recognise the task from the label columns.

    Args:
        table: strings; its index holds each row's place in the file, counted from 0.
        columns: one: 0 and 1, true and false, or two strings are binary, more are classes. Several columns of 0 and 1
            are labels of which a row can have any number.
        names: of the classes, in their order; None takes what the column holds, or the columns' own names.

    Returns:
        The task, and class numbers `[b]`, or 0 and 1 for each class `[b, k]`, int32.

    Raises:
        UserError: a cell is empty or holds no label, there is only one class, or there are too many.
    """
    task, labels = _several(table, columns) if len(columns) > 1 else _one(table[columns[0]], columns[0])
    if names is None:
        return task, labels
    if len(names) != len(task.classes) or len(set(names)) != len(names):
        found = ", ".join(task.classes[:20])
        raise UserError(
            f"--class-names gives {len(names)} names, the classes are {len(task.classes)}: {found}; name each once, "
            "in this order"
        )
    return Task(task.kind, tuple(names)), labels


def _one(column: "pd.Series[str]", name: str) -> tuple[Task, Int[np.ndarray, " b"]]:
    values = column.str.strip()
    _refuse_empty(values, name)
    found = values.unique().tolist()
    if set(map(str.lower, found)) <= {"true", "false"}:
        values = values.str.lower()
        found = values.unique().tolist()
    if len(found) == 1:
        raise UserError(f"all {len(values)} rows have {found[0]} in column {name!r}; two classes are needed")
    _refuse_measurements(found, name)
    classes = sorted(found, key=int) if all(map(_is_integer, found)) else sorted(found)
    numbers = values.map({label: number for number, label in enumerate(classes)}).to_numpy(np.int32)
    if classes == ["0", "1"]:
        return BINARY, numbers
    return Task("binary" if len(classes) == 2 else "multiclass", tuple(classes)), numbers


def _several(table: pd.DataFrame, columns: Sequence[str]) -> tuple[Task, Int[np.ndarray, "b k"]]:
    if twice := [name for name in columns if columns.count(name) > 1]:
        raise UserError(f"--label-column names {twice[0]!r} twice")
    found = []
    for name in columns:
        values = table[name].str.strip().str.lower().map(YES)
        if (wrong := values.isna()).any():
            row = int(table.index[wrong.to_numpy()][0])
            raise UserError(
                f"column {name!r} holds {table[name][row]!r} in data row {row + 1} (the first is 1); with several "
                "label columns each cell must be 0 or 1"
            )
        found.append(values.to_numpy(np.int32))
    return Task("multilabel", tuple(columns)), np.stack(found, axis=1)


def _refuse_empty(values: "pd.Series[str]", name: str) -> None:
    if (empty := values == "").any():
        row = int(values.index[empty.to_numpy()][0])
        raise UserError(
            f"column {name!r} holds '' in data row {row + 1} (the first is 1); every row needs a label"
        )


def _refuse_measurements(found: Sequence[str], name: str) -> None:
    """Refuse a column that is not one of classes."""
    if len(found) > MOST_CLASSES:
        raise UserError(
            f"column {name!r} holds {len(found):,} different values, at most {MOST_CLASSES:,} classes can be told "
            "apart; choose another column with --label-column"
        )
    numbers = all(map(_is_number, found))
    if numbers and len(found) > MOST_DECIMALS and not all(map(_is_integer, found)):
        raise UserError(
            f"column {name!r} holds {len(found):,} different numbers with fractions: these are measurements, not "
            "classes; choose another column with --label-column"
        )


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _is_integer(value: str) -> bool:
    return value.lstrip("-").isdecimal()
