"""Cells of label columns become a task and its labels."""

from collections.abc import Hashable, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Int

from headstart.cache.runtime.errors import UserError
from headstart.cache.task import Task
from headstart.extract.dataset.categories import CategoryEncoder
from headstart.extract.dataset.class_names import WORDS, by_spelling, spelling
from headstart.extract.dataset.label_formats import Flags, OneClass
from headstart.extract.dataset.label_lists import Items, Vectors, are_lists, refuse_nested, vector_length
from headstart.extract.tables.batch import BLANKS


@runtime_checkable
class LabelFormat(Protocol):
    """A way to write labels."""

    def read(self, content: Any) -> Any:
        """Return what a row's label cells say.

        Raises:
            BadCellError: nothing that can be used.
            UserError: there are too many classes.
        """

    def unlabelled(self, values: list[Any]) -> tuple[list[int], str]:
        """Return the positions of those values that say "no label", and in words why they do.

        Args:
            values: All that was read.
        """

    def finish(
        self, values: list[Any], codes: Int[np.ndarray, " b"]
    ) -> tuple[Task, Int[np.ndarray, " b *k"]]:
        """Return the task and the labels.

        Args:
            values: All that was read.
            codes: Position of each row's value among these, `[b]`; none that is `unlabelled`.

        Raises:
            UserError: there is only one class, or the values are no classes.
        """


def recognise(
    columns: Sequence[str],
    cells: Sequence[list[str]],
    names: Sequence[str] | None = None,
    separator: str | None = None,
    part: bool = False,
) -> "LabelReader":
    """Recognise from a file's first rows how its labels are written.

    Args:
        columns: Names of the label columns. One: 0 and 1, true and false, or two strings are binary, more are classes,
            and lists are labels of which a row can have any number. Several columns of 0 and 1 are such labels too.
        cells: Cells of each column, in the first rows.
        names: Names of the classes, in their order: the only ones there may be, if the cells hold any of them or are
            lists; else new names.
        separator: What stands between labels in a cell; None takes JSON arrays for lists.
        part: Whether the rows are some of many, and may have fewer classes; `names` are then those of all.

    Raises:
        UserError: the flags do not fit together.
    """
    if names is not None and len(set(names)) != len(names):
        raise UserError("--class-names gives a name twice; name each once")
    if separator == "":
        raise UserError("--label-separator is empty; give what stands between labels in a cell, like ';'")
    if len(columns) > 1:
        if separator is not None:
            raise UserError("--label-separator is for one label column, not for several")
        return LabelReader(Flags(columns, names))
    return LabelReader(_one(columns[0], cells[0], names, separator, part))


def _one(
    column: str, cells: list[str], names: Sequence[str] | None, separator: str | None, part: bool
) -> LabelFormat:
    known = by_spelling(names or ())
    if separator is not None or are_lists(cells):
        length = vector_length(cells, separator)
        # Names that are not as many as the places, but hold 0 and 1, are those of labels that the lists name.
        named = names is not None and len(names) != length and known.keys() >= {*WORDS.values()}
        return (
            Items(column, separator, names)
            if named or not length
            else Vectors(column, length, names, separator)
        )
    if part or not known.keys().isdisjoint(spelling(cell.strip(BLANKS)) for cell in cells):
        return OneClass(column, allowed=names, fewest=1 if part else 2)
    return OneClass(column, names)


class LabelReader:
    """Reads label cells, a few rows at a time.

    Args:
        kind: How labels are written.
    """

    def __init__(self, kind: LabelFormat) -> None:
        self._kind, self._codes = kind, CategoryEncoder(self._read_content)
        self._several = isinstance(kind, Flags)

    def read(self, cells: Sequence[list[str]]) -> tuple[Int[np.ndarray, " b"], dict[int, str]]:
        """Read rows.

        Args:
            cells: Cells of each label column.

        Returns:
            A number for each row, and what is wrong with the bad ones, by their place.

        Raises:
            UserError: there are too many classes.
        """
        contents: list[Hashable] = list(zip(*cells, strict=True)) if self._several else list(cells[0])
        codes = self._codes.encode(contents)
        bad = np.flatnonzero(codes < 0).tolist()
        return codes, {place: self._codes.reason(contents[place]) for place in bad}

    def _read_content(self, content: Any) -> Any:
        if isinstance(self._kind, OneClass):
            refuse_nested(content.strip(BLANKS), self._kind.column)
        return self._kind.read(content)

    def labelled(self, codes: Int[np.ndarray, " b"]) -> tuple[Bool[np.ndarray, " b"], str]:
        """Which rows have a label, and, where some have none, why.

        Args:
            codes: Numbers that `read` gave to all rows.
        """
        absent, reason = self._kind.unlabelled(self._codes.values_met)
        rows = ~np.isin(codes, absent)
        return rows, "" if rows.all() else reason

    def finish(self, codes: Int[np.ndarray, " b"]) -> tuple[Task, Int[np.ndarray, " b *k"]]:
        """Return the task and the labels of rows.

        Args:
            codes: Numbers that `read` gave to rows with a label.

        Returns:
            The task, and class numbers `[b]`, or 0 and 1 for each class `[b, k]`, int32.

        Raises:
            UserError: there is only one class, or the cells hold no classes.
        """
        return self._kind.finish(self._codes.values_met, codes)

    def describe(self, labels: Int[np.ndarray, " b *k"]) -> str:
        """Say what is not plain to see in how the labels were read; nothing where all is."""
        return self._kind.describe(labels) if isinstance(self._kind, Vectors | OneClass) else ""
