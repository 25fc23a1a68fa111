"""What a format's reader hands on: some rows of one file."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from headstart.extract.tables.bad_rows import BadRow


class Batch(NamedTuple):
    """Some rows of one file, in its order.

    Attributes:
        file: its name.
        header: names of the columns.
        rows: cells of each sound row, as many as columns; a missing cell is empty.
        numbers: of each sound row in its file, counted from 0, int64.
        met: rows of the file so far, bad ones included.
        bad: the rows that are left out.
        nested: for each column with lists or objects, the numbers of the rows that hold one.
        source: number of the file, from 0.
        before: rows of all earlier files.
    """

    file: str
    header: list[str]
    rows: list[list[str]]
    numbers: Int[np.ndarray, " b"]
    met: int
    bad: list[BadRow]
    nested: dict[str, set[int]]
    source: int = 0
    before: int = 0

    def column(self, name: str) -> list[str]:
        """Cells of a column; empty ones where the batch has none of that name."""
        if name not in self.header:
            return [""] * len(self.rows)
        place = self.header.index(name)
        return [row[place] for row in self.rows]
