"""A sequence of texts that lie on disk.

Not an Arrow table, which would be mapped into memory as well: its `take` of rows copies all of its chunks. For a third
of 400,000 texts (160 MB) that took 3.8 s of CPU and 160 MB of memory, and takes 0.06 s and 1 MB here.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import overload

import numpy as np
from jaxtyping import Int

from headstart.cache.ragged import row_starts
from headstart.extract.text.spool import Spool

AT_ONCE = 1_000  # rows whose places become Python's numbers together


class Texts(Sequence[str]):
    """Texts one after another, UTF-8, each decoded when it is asked for; a slice is a list.

    Args:
        content: Bytes of all texts.
        starts: Position of each text among them, `[b]` int64.
        lengths: Bytes of each text, `[b]` int32.
    """

    def __init__(
        self, content: memoryview, starts: Int[np.ndarray, " b"], lengths: Int[np.ndarray, " b"]
    ) -> None:
        self._content, self._starts, self._lengths = content, starts, lengths

    def take(self, rows: Int[np.ndarray, " _"] | slice) -> "Texts":
        """Return the texts of some rows; none is read."""
        return Texts(self._content, self._starts[rows], self._lengths[rows])

    def encoded(self) -> Iterator[bytes]:
        """The bytes of each text."""
        return map(bytes, self._parts())

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return list(self.take(at))
        start = int(self._starts[at])
        return str(self._content[start : start + int(self._lengths[at])], "utf-8")

    def __iter__(self) -> Iterator[str]:
        return (str(part, "utf-8") for part in self._parts())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str) or len(other) != len(self):
            return False
        return all(text == its for text, its in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # as a list

    def _parts(self) -> Iterator[memoryview]:
        for slab in slabs(len(self)):
            for start, length in zip(self._starts[slab].tolist(), self._lengths[slab].tolist(), strict=True):
                yield self._content[start : start + length]


class TextWriter:
    """Collects texts on disk."""

    def __init__(self) -> None:
        self._spool = Spool()
        self._lengths = [np.zeros(0, np.int32)]

    def add(self, texts: Iterable[str]) -> None:
        """Append texts, none of which holds half of a surrogate pair."""
        encoded = [text.encode() for text in texts]
        self._lengths.append(np.fromiter(map(len, encoded), np.int32, len(encoded)))
        self._spool.append(b"".join(encoded))

    def finish(self) -> Texts:
        """Return all texts."""
        lengths = np.concatenate(self._lengths)
        return Texts(self._spool.array(np.uint8).data, row_starts(lengths), lengths)


def encode_all(texts: Sequence[str]) -> Iterator[bytes]:
    """The bytes of each of any texts."""
    return texts.encoded() if isinstance(texts, Texts) else (text.encode() for text in texts)


def slabs(count: int) -> Iterator[slice]:
    """Cut so many rows into slices."""
    return (slice(start, min(start + AT_ONCE, count)) for start in range(0, count, AT_ONCE))
