"""Categories: each distinct content of cells gets a number; a row costs four bytes."""

from collections.abc import Callable, Hashable, Iterable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

MOST_REMEMBERED = 1_000_000  # contents whose number is looked up; the others are read again

BAD = -1


class BadCellError(ValueError):
    """What a cell holds cannot be used; the message says why."""


class CategoricalColumn(NamedTuple):
    """A column whose cells are numbered.

    Attributes:
        codes: Position of each row's cell in `names`, `[b]` int32.
        names: The different cells, without blanks around them, sorted.
    """

    codes: Int[np.ndarray, " b"]
    names: tuple[str, ...]


class CategoryEncoder(dict[Hashable, int]):
    """Numbers of contents, in the order in which they are met.

    Args:
        read: Content to value; equal values have one number. Raises `BadCellError` where there is none.

    Attributes:
        values_met: The value of each number.
    """

    def __init__(self, read: Callable[[Any], Hashable]) -> None:
        super().__init__()
        self.values_met: list[Any] = []
        self._read, self._numbers = read, dict[Hashable, int]()

    def encode(self, contents: Iterable[Hashable]) -> Int[np.ndarray, " b"]:
        """Return the number of each content, int32; `BAD` for what cannot be used."""
        return np.array([self[content] for content in contents], np.int32)

    def reason(self, content: Hashable) -> str:
        """Why a content cannot be used."""
        try:
            self._read(content)
        except BadCellError as error:
            return str(error)
        raise ValueError(f"{content!r} can be used")

    def column(self, codes: Int[np.ndarray, " b"]) -> CategoricalColumn:
        """Return the column of rows with these numbers, whose values are strings; only values that occur get a name."""
        used = np.unique(codes)
        names = sorted(self.values_met[code] for code in used)
        table = np.zeros(len(self.values_met), np.int32)
        places = {name: place for place, name in enumerate(names)}
        table[used] = [places[self.values_met[code]] for code in used]
        return CategoricalColumn(table[codes], tuple(names))

    def __missing__(self, content: Hashable) -> int:
        try:
            value = self._read(content)
        except BadCellError:
            return BAD
        if (number := self._numbers.setdefault(value, len(self.values_met))) == len(self.values_met):
            self.values_met.append(value)
        if len(self) < MOST_REMEMBERED:
            self[content] = number
        return number
