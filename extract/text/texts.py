"""A sequence of texts that lie on disk."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

import numpy as np
from jaxtyping import Int

from headstart.cache.ragged import row_starts
from headstart.extract.text.spool import Spool

AT_ONCE = 1_000  # texts read together
MOST_BYTES = 4_000_000  # of these; more are read one by one


class Texts(Sequence[str]):
    """Texts in a spool, UTF-8, each read when it is asked for; a slice is a list.

    Args:
        spool: Bytes of all texts.
        starts: Position of each text in the spool, `[b]` int64.
        lengths: Bytes of each text, `[b]` int32.
    """

    def __init__(self, spool: Spool, starts: Int[np.ndarray, " b"], lengths: Int[np.ndarray, " b"]) -> None:
        self._spool, self._starts, self._lengths = spool, starts, lengths

    def take(self, rows: Int[np.ndarray, " _"]) -> "Texts":
        """Return the texts of some rows; none is read."""
        return Texts(self._spool, self._starts[rows], self._lengths[rows])

    def encoded(self) -> Iterator[bytes]:
        """The bytes of each text."""
        for slab in slabs(len(self)):
            if self._lengths[slab].sum(dtype=np.int64) <= MOST_BYTES:
                yield from self._read(slab)
            else:
                yield from itertools.chain.from_iterable(map(self._read, _single(slab)))

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [text.decode() for text in self._read(at)]
        start = int(self._starts[at])
        return self._spool.read(start, start + int(self._lengths[at])).decode()

    def __iter__(self) -> Iterator[str]:
        for text in self.encoded():
            yield text.decode()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str) or len(other) != len(self):
            return False
        return all(text == its for text, its in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # as a list

    def _read(self, at: slice) -> list[bytes]:
        """Read texts, in one piece where they lie close together."""
        starts, lengths = self._starts[at].astype(np.int64), self._lengths[at].astype(np.int64)
        if not len(starts):
            return []
        first, last = int(starts.min()), int((starts + lengths).max())
        if last - first > 2 * lengths.sum() + 100_000:
            return [self._spool.read(int(a), int(a) + int(n)) for a, n in zip(starts, lengths, strict=True)]
        piece = self._spool.read(first, last)
        return [piece[a : a + n] for a, n in zip((starts - first).tolist(), lengths.tolist(), strict=True)]


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
        return Texts(self._spool, row_starts(lengths), lengths)


def encode_all(texts: Sequence[str]) -> Iterator[bytes]:
    """The bytes of each of any texts."""
    return texts.encoded() if isinstance(texts, Texts) else (text.encode() for text in texts)


def slabs(count: int) -> Iterator[slice]:
    """Cut so many rows into slices."""
    return (slice(start, min(start + AT_ONCE, count)) for start in range(0, count, AT_ONCE))


def _single(rows: slice) -> Iterator[slice]:
    return (slice(row, row + 1) for row in range(rows.start, rows.stop))
