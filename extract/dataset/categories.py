"""Numbers in place of cells: each distinct content is read once, and a row costs four bytes."""

from collections.abc import Callable, Hashable, Iterable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

MOST_REMEMBERED = 1_000_000  # contents whose number is looked up; the others are read again

BAD = -1


class BadCellError(ValueError):
    """What a cell holds cannot be used; the message says why."""


class Codes(dict[Hashable, int]):
    """Numbers of contents, in the order in which they are met.

    Args:
        read: content to value; equal values have one number. Raises `BadCellError` where there is none.

    Attributes:
        met: the value of each number.
    """

    def __init__(self, read: Callable[[Any], Hashable]) -> None:
        super().__init__()
        self.met: list[Any] = []
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

    def __missing__(self, content: Hashable) -> int:
        try:
            value = self._read(content)
        except BadCellError:
            return BAD
        if (number := self._numbers.setdefault(value, len(self.met))) == len(self.met):
            self.met.append(value)
        if len(self) < MOST_REMEMBERED:
            self[content] = number
        return number


class Column(NamedTuple):
    """A further column.

    Attributes:
        codes: of each row, the place of its cell in `names`, int32.
        names: the different cells, without blanks around them, sorted.
    """

    codes: Int[np.ndarray, " b"]
    names: tuple[str, ...]


def column_of(values: list[str], codes: Int[np.ndarray, " b"]) -> Column:
    """Make a column of numbers whose values are known; only values that occur get a name."""
    used = np.unique(codes)
    names = sorted(values[code] for code in used)
    table = np.zeros(len(values), np.int32)
    places = {name: place for place, name in enumerate(names)}
    table[used] = [places[values[code]] for code in used]
    return Column(table[codes], tuple(names))
