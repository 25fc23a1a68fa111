"""What is wanted of a table, and what was taken from it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from extract.texts import Texts


class Wanted(NamedTuple):
    """What to take from a table.

    Attributes:
        text: name of the text column; None guesses it.
        label: names of the label columns, separated by commas; None guesses it.
        names: of the classes.
        separator: between labels in a cell.
        others: further columns to keep.
    """

    text: str | None = None
    label: str | None = None
    names: Sequence[str] | None = None
    separator: str | None = None
    others: Sequence[str] = ()


class Column(NamedTuple):
    """A further column.

    Attributes:
        codes: of each row, the place of its cell in `names`, int32.
        names: the different cells, without blanks around them, sorted.
    """

    codes: Int[np.ndarray, " b"]
    names: tuple[str, ...]


class Gathered(NamedTuple):
    """Rows that were kept.

    Attributes:
        texts: on disk.
        labels: numbers for `LabelReader.finish`.
        rows: positions among all rows of all files.
        source: number of each row's file, int32.
        order: position of each row among all sound rows, those without text included.
        others: numbers of the cells of further columns.
    """

    texts: Texts
    labels: Int[np.ndarray, " b"]
    rows: Int[np.ndarray, " b"]
    source: Int[np.ndarray, " b"]
    order: Int[np.ndarray, " b"]
    others: list[Int[np.ndarray, " b"]]

    def take(self, chosen: Int[np.ndarray, " _"]) -> "Gathered":
        """Return some rows."""
        return Gathered(
            self.texts.take(chosen),
            self.labels[chosen],
            self.rows[chosen],
            self.source[chosen],
            self.order[chosen],
            [codes[chosen] for codes in self.others],
        )


def column_of(values: list[str], codes: Int[np.ndarray, " b"]) -> Column:
    """Make a column of numbers whose values are known; only values that occur get a name."""
    used = np.unique(codes)
    names = sorted(values[code] for code in used)
    table = np.zeros(len(values), np.int32)
    places = {name: place for place, name in enumerate(names)}
    table[used] = [places[values[code]] for code in used]
    return Column(table[codes], tuple(names))
