"""A data set: texts, labels, and where every row of the files went."""

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from headstart.cache.task import BINARY, Task
from headstart.extract.dataset.categories import CategoricalColumn
from headstart.extract.text.texts import encode_all, slabs

MOST_REMARKS = 12


class RowCounts(NamedTuple):
    """Rows of all files, counted.

    Attributes:
        read: Rows that were met, bad ones included.
        used: Rows that were kept.
        empty: Rows without text, left out.
        undrawn: Rows that `--limit` left out.
        bad: Rows that cannot be used, left out.
        examples: What is wrong with the first of these.
        report: File that lists them all, if there is one.
        remarks: What was recognised in the files, a line each.
        unlabelled: Rows whose label says that they have none, left out.
    """

    read: int = 0
    used: int = 0
    empty: int = 0
    undrawn: int = 0
    bad: int = 0
    examples: tuple[str, ...] = ()
    report: str | None = None
    remarks: tuple[str, ...] = ()
    unlabelled: int = 0

    @property
    def balanced(self) -> bool:
        """Whether no row is lost."""
        return self.read == self.used + self.empty + self.unlabelled + self.undrawn + self.bad

    def __str__(self) -> str:
        if self.used == self.read:
            return "all used"
        parts = [f"{self.used:,} used", f"{self.empty:,} rows without text left out"]
        parts += [f"{self.unlabelled:,} rows without a label left out"] if self.unlabelled else []
        parts += [f"{self.undrawn:,} not drawn"] if self.undrawn else []
        parts += [f"{self.bad:,} bad"]
        return f"{self.read:,} rows read = {' + '.join(parts)}"

    def details(self) -> list[str]:
        """Lines about the files and the bad rows."""
        remarks, more = list(self.remarks[:MOST_REMARKS]), len(self.remarks) - MOST_REMARKS
        remarks += [f"{more:,} more remarks of this kind"] if more > 0 else []
        lines = [f"left out: {example}" for example in self.examples]
        lines += [f"left out: {self.bad - len(lines):,} more bad rows"] if self.bad > len(lines) else []
        return remarks + lines + ([f"all {self.bad:,} bad rows: {self.report}"] if self.report else [])


class Dataset(NamedTuple):
    """Labelled rows in file order.

    Attributes:
        texts: The raw texts; where they come from files, they lie on disk.
        labels: Class of each row, `[b]`, or 0 or 1 for each class, `[b, k]`, int32.
        rows: Position of each row among those of all files, counted from 0, `[b]` int64.
        missing: Rows of the files that were left out because they hold no text.
        columns: Names of the text column, and of the label columns, separated by commas.
        task: What the labels say.
        others: Further columns that were asked for, by name.
        source: Number of each row's file, from 0, `[b]` int32.
        counts: Where all rows went.
    """

    texts: Sequence[str]
    labels: Int[np.ndarray, " b *k"]
    rows: Int[np.ndarray, " b"]
    missing: int
    columns: tuple[str, str]
    task: Task = BINARY
    others: dict[str, CategoricalColumn] = {}  # noqa: RUF012  # never changed
    source: Int[np.ndarray, " b"] = np.zeros(0, np.int32)
    counts: RowCounts = RowCounts()

    def digest(self, count: int | None = None) -> str:
        """SHA-256 over position, label and text of the first rows; None takes all."""
        total = hashlib.sha256()
        for row, labels, encoded in itertools.islice(self._contents(), count):
            label = ",".join(map(str, labels)).encode()
            # The text's length keeps two texts from being taken for one, or one for two.
            total.update(b"%d:%s:%d:" % (row, label, len(encoded)) + encoded)
        return total.hexdigest()

    def _contents(self) -> Iterator[tuple[int, list[int], bytes]]:
        texts = iter(encode_all(self.texts))
        for slab in slabs(len(self.texts)):
            rows = self.rows[slab].tolist()
            labels = self.labels[slab].reshape(len(rows), -1).tolist()
            yield from zip(rows, labels, texts, strict=False)  # rows end first: texts go on beyond the slab
