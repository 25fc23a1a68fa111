"""What label cells with lists may hold: names of labels, or a vector of 0 and 1."""

import ast
import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Int

from headstart.cache.runtime.errors import UserError
from headstart.cache.task import Task
from headstart.extract.dataset.categories import BadCellError
from headstart.extract.dataset.class_names import (
    FLAGS,
    MOST_CLASSES,
    NO_LABEL,
    by_spelling,
    in_order,
    look_up,
    one_spelling,
    refuse_measurements,
    refuse_too_many,
    renamed,
    spelling,
)
from headstart.extract.tables.batch import BLANKS, MOST_ITEMS

Labels = Int[np.ndarray, " b *k"]

_STRING = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_WORDS = {
    "np.True_": True,
    "np.False_": False,
    "True": True,
    "False": False,
    "None": None,
    "nan": None,
    "...": ...,
}
_ITEM = re.compile(
    rf"(?:np\.\w+\()?({_STRING}|{_NUMBER}|{'|'.join(map(re.escape, _WORDS))})\)?(?:\s*,\s*|\s+|$)"
)
"""An item of a list as Python or NumPy prints it, and what stands behind it."""
_ARRAY = re.compile(r"(?:\w+\.)?(?:array|tensor)\((\[.*?\])(?:,\s*\w+=[\w.':]+)*\)", re.DOTALL)
"""An array as NumPy and PyTorch name it."""
_ENDS = {"[": "]", "(": ")", "{": "}"}
_OBJECT = re.compile(rf"\{{\s*(?:(?:{_STRING}|{_NUMBER})\s*:.*)?\}}", re.DOTALL)
"""An object as JSON and Python write it."""


class Items:
    """One column of lists: a row has the labels that its list names; an empty list is a row without labels.

    Args:
        column: Name of the column.
        separator: What stands between the items of a cell; None reads arrays.
        allowed: The only items there may be, in the order of the classes; None allows all.
    """

    def __init__(self, column: str, separator: str | None, allowed: Sequence[str] | None = None) -> None:
        self._column, self._separator, self._allowed = column, separator, allowed
        self._known = by_spelling(allowed or ())
        self._classes = set[str]()

    def read(self, content: str) -> tuple[str, ...]:
        """Return the items of a cell."""
        items = sorted({*split(content, self._column, self._separator)})
        if "" in items:
            raise BadCellError(f"column {self._column!r} holds an empty label in its list")
        if self._allowed is not None:
            items = sorted({look_up(self._known, item, self._column) for item in items})
        self._classes.update(map(spelling, items))
        refuse_too_many(self._column, self._classes)
        return tuple(items)

    def unlabelled(self, values: list[Any]) -> tuple[list[int], str]:
        """None is: an empty list says that a row has none of the labels."""
        return [], ""

    def finish(self, values: list[Any], codes: Int[np.ndarray, " b"]) -> tuple[Task, Labels]:
        """Return a label for each item there is."""
        used = np.unique(codes)
        items = [item for value in values for item in value]
        spelled = one_spelling(items) if self._allowed is None else {item: item for item in items}
        names = {spelled[item] for code in used for item in values[code]}
        if not names:
            raise UserError(f"all lists in column {self._column!r} are empty; at least one label is needed")
        refuse_measurements([*names], self._column)
        classes = list(self._allowed) if self._allowed else in_order(list(names))
        table = np.zeros((len(values), len(classes)), np.int32)
        places = {name: place for place, name in enumerate(classes)}
        for code in used:
            table[code, [places[spelled[item]] for item in values[code]]] = 1
        return Task("multilabel", tuple(classes)), table[codes]


class Vectors:
    """One column of lists of one length, which hold 0 or 1 for each label.

    Args:
        column: Name of the column.
        length: Items of each list.
        names: Names of the labels in order; None takes their positions, counted from 0.
        separator: What stands between the items of a cell; None reads arrays.

    Raises:
        UserError: the lists are too long.
    """

    def __init__(
        self, column: str, length: int, names: Sequence[str] | None = None, separator: str | None = None
    ) -> None:
        if length > MOST_CLASSES:
            raise UserError(
                f"the lists in column {column!r} hold {length:,} items, at most {MOST_CLASSES:,} labels can be told "
                "apart; choose another column with --label-column"
            )
        self._column, self._length, self._names, self._separator = column, length, names, separator

    def read(self, content: str) -> tuple[int, ...]:
        """Return 0 or 1 for each label; nothing for a list of -1 only."""
        items = [*map(spelling, split(content, self._column, self._separator))]
        if len(items) == self._length and {*items} == {NO_LABEL}:
            return ()
        if len(items) != self._length or not FLAGS.keys() >= {*items}:
            raise BadCellError(
                f"column {self._column!r} holds {content[:80]!r}; wanted is, as in other rows, a list of "
                f"{self._length} items, each 0 or 1"
            )
        return tuple(FLAGS[item] for item in items)

    def unlabelled(self, values: list[Any]) -> tuple[list[int], str]:
        """Find the lists of nothing but -1."""
        codes = [code for code, value in enumerate(values) if not value]
        return codes, f"a list of nothing but -1 in column {self._column!r} is no label"

    def finish(self, values: list[Any], codes: Int[np.ndarray, " b"]) -> tuple[Task, Labels]:
        """Return the vectors."""
        task = Task("multilabel", tuple(map(str, range(self._length))))
        return (task if self._names is None else renamed(task, self._names)), matrix(values, self._length)[
            codes
        ]

    def describe(self, labels: Labels) -> str:
        """Say how the lists were read."""
        line = f"the lists in column {self._column!r} are taken for vectors: 0 or 1 for each of {self._length} labels"
        line += "" if self._names else ", which --class-names can name"
        if self._length > 1 and (labels.sum(axis=1) == 1).all():
            line += "; each has one 1: if a row cannot have several labels, put the label itself in its cell"
        return line


def are_lists(cells: Sequence[str]) -> bool:
    """Whether all filled cells are arrays of labels."""
    filled = [cell for cell in cells if cell.strip()]
    return bool(filled) and all(map(_is_list, filled))


def refuse_nested(content: str, column: str) -> None:
    """Refuse a list or an object where one label is wanted.

    Raises:
        BadCellError: it is one.
    """
    if content.endswith(tuple(_ENDS.values())) and (
        _array(content) is not None or _OBJECT.fullmatch(content)
    ):
        raise BadCellError(
            f"column {column!r} holds {content[:80]!r}; wanted is one label, or in every row a list of names"
        )


def vector_length(cells: Sequence[str], separator: str | None) -> int:
    """Items of each list of a column, if they are vectors of 0 and 1; else 0.

    They are if all are of 0 and 1 alone and of one length. A list of labels names none twice: so where one holds 0 or 1
    twice and most are of 0 and 1 alone, they are vectors too, and the others bad rows.
    """
    blank_is_list = separator is not None
    readable = (_readable(cell, separator) for cell in dict.fromkeys(cells) if cell.strip() or blank_is_list)
    lists = [[*map(spelling, items)] for items in readable if items is not None]
    vectors = [items for items in lists if items and FLAGS.keys() | {NO_LABEL} >= {*items}]
    if 2 * len(vectors) <= len(lists):
        return 0
    length, alike = Counter(map(len, vectors)).most_common(1)[0]
    repeats = any(len({*items}) < len(items) for items in vectors)
    return length if repeats or (alike == len(lists) and (length > 1 or separator is None)) else 0


def split(content: str, column: str, separator: str | None) -> list[str]:
    """Return the items of a cell, without blanks around them.

    Raises:
        BadCellError: it is no list, or too long a one.
    """
    if content.count(separator or ",") > MOST_ITEMS:
        raise BadCellError(f"column {column!r} holds a list of more than {MOST_ITEMS:,} items")
    if separator is None:
        return items_of(content, column)
    items = [item.strip(BLANKS) for item in content.split(separator)] if content.strip(BLANKS) else []
    return items if separator.strip() else [*filter(None, items)]  # two blanks are as good as one


def items_of(content: str, column: str) -> list[str]:
    """Return the items of an array of strings, numbers and truth values: JSON, or as Python or NumPy prints it.

    Raises:
        BadCellError: it is none.
    """
    items = _array(content)
    if items is None:
        raise BadCellError(f'column {column!r} holds {content[:80]!r}; a list like ["a", "b"] is wanted')
    return [_item(item, column) for item in items]


def matrix(values: Sequence[tuple[int, ...]], columns: int) -> Int[np.ndarray, "v k"]:
    """Rows of 0 and 1; of zeros where a value is empty, which no row has."""
    return np.array([value or (0,) * columns for value in values], np.int32).reshape(-1, columns)


def _readable(cell: str, separator: str | None) -> list[str] | None:
    """The items of a cell; None if it is no list."""
    try:
        return split(cell, "", separator)
    except BadCellError:
        return None


def _is_list(cell: str) -> bool:
    """Whether a cell is an array of labels, whole or shortened."""
    items = _array(cell) if cell.rstrip().endswith(tuple(_ENDS.values())) else None
    return items is not None and all(isinstance(item, str | bool) or item is ... for item in items)


def _array(content: str) -> list[Any] | None:
    if content.count(",") > MOST_ITEMS:
        return None
    try:
        items = json.loads(content, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return _printed(content.strip())
    return items if isinstance(items, list) else None


def _printed(content: str) -> list[Any] | None:
    """Items of a list, a tuple, a set or an array as Python prints it; None if it is none."""
    array = _ARRAY.fullmatch(content)
    content = array[1] if array else "()" if content == "set()" else content
    if len(content) < 2 or content[-1] != _ENDS.get(content[0]):
        return None
    if content[0] == "(" and content != "()" and "," not in content:  # what stands in brackets is no tuple
        return None
    inside, items, place = content[1:-1].strip(), list[Any](), 0
    while place < len(inside):
        if (item := _ITEM.match(inside, place)) is None:
            return None
        place, written = item.end(), item[1]
        items.append(ast.literal_eval(written) if written[0] in "'\"" else _WORDS.get(written, written))
    return items


def _item(item: Any, column: str) -> str:
    if isinstance(item, bool):
        return "true" if item else "false"
    if item is ...:
        raise BadCellError(f"column {column!r} holds a list that was shortened to ... when it was printed")
    if not isinstance(item, str):
        raise BadCellError(f"column {column!r} holds {json.dumps(item)[:80]} in a list; a name is wanted")
    return item.strip(BLANKS)
