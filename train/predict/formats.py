"""Labels as bytes: CSV, TSV, JSON Lines, Parquet. Each can be written piece by piece."""

import csv
import io
import json
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.files import no_links
from headstart.train.predict.answers import SEPARATOR

if TYPE_CHECKING:
    import pyarrow as pa


class Columns(NamedTuple):
    """What each row of the output has, beside its number and its label.

    Attributes:
        kept: Columns of the input.
        classes: Names of the classes, each of which has a probability.
        several: Whether a row can have several labels, or none.
    """

    kept: tuple[str, ...]
    classes: tuple[str, ...]
    several: bool

    @property
    def probabilities(self) -> tuple[str, ...]:
        """Names of the columns with probabilities."""
        return tuple(f"p_{name}" for name in self.classes)

    @property
    def renamed(self) -> tuple[str, ...]:
        """The kept columns; one that is called like a column of ours is called `<name>_input`.

        Raises:
            UserError: two columns of the output would have one name.
        """
        ours = {"row", "label", *self.probabilities}
        names = tuple(f"{name}_input" if name in ours else name for name in self.kept)
        if twice := [name for name in names if name in ours or names.count(name) > 1]:
            raise UserError(f"--keep: two columns of the output would be called {twice[0]!r}; leave one out")
        return names


class LabelledRows(NamedTuple):
    """Some rows with their labels.

    Attributes:
        rows: Their numbers in the input, counted from 1.
        kept: Values of each kept column.
        labels: Names of the classes of each row.
        probabilities: Probability of each class.
    """

    rows: Int[np.ndarray, " b"]
    kept: list[list[str]]
    labels: list[list[str]]
    probabilities: Float[np.ndarray, "b c"]


class Format(NamedTuple):
    """One way of writing.

    Attributes:
        header: Makes the bytes before the first piece.
        encode: Makes the bytes of a piece.
        finish: Makes the file from the path of all bytes, and returns its path.
    """

    header: Callable[[Columns], bytes]
    encode: Callable[[Columns, LabelledRows], bytes]
    finish: Callable[[str], str] = str


def _line(delimiter: str, rows: list[list[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8", "backslashreplace")


def delimited(delimiter: str) -> Format:
    """Text with a delimiter; several labels of a row are joined by `|`."""

    def header(columns: Columns) -> bytes:
        return _line(delimiter, [["row", *columns.renamed, "label", *columns.probabilities]])

    def encode(columns: Columns, labelled: LabelledRows) -> bytes:
        rows = [
            [row, *kept, SEPARATOR.join(label), *(f"{value:.6f}" for value in probabilities)]
            for row, kept, label, probabilities in _each_row(labelled)
        ]
        return _line(delimiter, rows)

    return Format(header, encode)


def _each_row(labelled: LabelledRows) -> Iterator[tuple[int, tuple[str, ...], list[str], np.ndarray]]:
    """Number, kept values, labels and probabilities of each row."""
    kept = list(zip(*labelled.kept, strict=True)) or [()] * len(labelled.rows)
    return zip(labelled.rows.tolist(), kept, labelled.labels, labelled.probabilities, strict=True)


def encode_json(columns: Columns, labelled: LabelledRows) -> bytes:
    """A JSON object in each line; `label` is a list where a row can have several."""
    lines = [
        {
            "row": row,
            **dict(zip(columns.renamed, kept, strict=True)),
            "label": label if columns.several else label[0],
            "probabilities": {
                name: round(float(value), 6)
                for name, value in zip(columns.classes, probabilities, strict=True)
            },
        }
        for row, kept, label, probabilities in _each_row(labelled)
    ]
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def encode_arrow(columns: Columns, labelled: LabelledRows) -> bytes:
    """A whole Arrow stream; several can lie one after another."""
    import pyarrow as pa

    labels = labelled.labels if columns.several else [label[0] for label in labelled.labels]
    arrays = {
        "row": pa.array(labelled.rows, pa.int64()),
        **{
            name: pa.array(values, pa.string())
            for name, values in zip(columns.renamed, labelled.kept, strict=True)
        },
        "label": pa.array(labels, pa.list_(pa.string()) if columns.several else pa.string()),
        **{
            name: pa.array(values, pa.float32())
            for name, values in zip(columns.probabilities, labelled.probabilities.T, strict=True)
        },
    }
    batch = pa.record_batch(list(arrays.values()), names=list(arrays))
    target = pa.BufferOutputStream()
    with pa.ipc.new_stream(target, batch.schema) as stream:
        stream.write_batch(batch)
    return bytes(target.getvalue())


def arrow_to_parquet(source: str) -> str:
    """Make a Parquet file of Arrow streams, a row group of each."""
    import pyarrow.parquet as pq

    whole = f"{source}.whole"
    with open(source, "rb") as file:
        batches = _batches(file)
        first = next(batches)
        with open(whole, "wb", opener=no_links) as target, pq.ParquetWriter(target, first.schema) as writer:
            writer.write_batch(first)
            for batch in batches:
                writer.write_batch(batch)
    return whole


def _batches(file: Any) -> "Iterator[pa.RecordBatch]":
    import pyarrow as pa

    end = os.fstat(file.fileno()).st_size
    while file.tell() < end:
        with pa.ipc.open_stream(file) as stream:
            yield from stream


FORMATS = {
    ".csv": delimited(","),
    ".tsv": delimited("\t"),
    ".jsonl": Format(lambda _: b"", encode_json),
    ".parquet": Format(
        lambda columns: encode_arrow(columns, nothing(columns)), encode_arrow, arrow_to_parquet
    ),
}
"""Formats by a file's ending."""


def nothing(columns: Columns) -> LabelledRows:
    """No rows; what tells the columns of a file without any."""
    empty = np.zeros((0, len(columns.classes)), np.float32)
    return LabelledRows(np.zeros(0, np.int64), [[] for _ in columns.kept], [], empty)
