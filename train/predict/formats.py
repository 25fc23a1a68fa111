"""Labels as bytes: CSV, TSV, JSON Lines, Parquet. Each can be written piece by piece."""

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from headstart.cache.runtime.errors import UserError
from headstart.train.predict.delimited import as_text, is_formula, joined, lines
from headstart.train.predict.kept_columns import as_arrow, as_cells, as_json
from headstart.train.predict.parquet import arrow_to_parquet

FLAGS = ("empty", "truncated")
"""What a row's text can be: without any token, and longer than the maximum."""


class Columns(NamedTuple):
    """What each row of the output has, beside its number and its label.

    Attributes:
        kept: Columns of the input.
        classes: Names of the classes, each of which has a probability.
        several: Whether a row can have several labels, or none.
        flagged: Whether each row says if its text was empty, and if it was cut.
        escaped: Whether text files hold nothing that a spreadsheet would run.
    """

    kept: tuple[str, ...]
    classes: tuple[str, ...]
    several: bool
    flagged: bool = False
    escaped: bool = False

    @property
    def probabilities(self) -> tuple[str, ...]:
        """Names of the columns with probabilities."""
        return tuple(f"p_{name}" for name in self.classes)

    @property
    def flags(self) -> tuple[str, ...]:
        """Names of the columns with what a row's text is like."""
        return FLAGS if self.flagged else ()

    @property
    def renamed(self) -> tuple[str, ...]:
        """The kept columns; one that is called like a column of ours is called `<name>_input`.

        Raises:
            UserError: two columns of the output would have one name.
        """
        ours = {"row", "label", *self.probabilities, *self.flags}
        names = tuple(f"{name}_input" if name in ours else name for name in self.kept)
        if twice := [name for name in names if name in ours or names.count(name) > 1]:
            raise UserError(f"--keep: two columns of the output would be called {twice[0]!r}; leave one out")
        return names


class LabelledRows(NamedTuple):
    """Some rows with their labels.

    Attributes:
        rows: Their numbers in the input, counted from 1.
        kept: Values of each kept column: strings, or a Series of any type, see `kept_columns`.
        labels: Names of the classes of each row.
        probabilities: Probability of each class.
        flags: Of each of `FLAGS` whether it holds; None if nobody asks.
    """

    rows: Int[np.ndarray, " b"]
    kept: list[Any]
    labels: list[list[str]]
    probabilities: Float[np.ndarray, "b c"]
    flags: list[Bool[np.ndarray, " b"]] | None = None


class Format(NamedTuple):
    """One way of writing.

    Attributes:
        header: Makes the bytes before the first piece.
        encode: Makes the bytes of a piece.
        finish: Makes the file from the path of all bytes, and returns its path.
        runs_formulas: Whether spreadsheets run what looks like a formula.
    """

    header: Callable[[Columns], bytes]
    encode: Callable[[Columns, LabelledRows], bytes]
    finish: Callable[[str], str] = str
    runs_formulas: bool = False


def delimited(delimiter: str) -> Format:
    """Text with a delimiter; several labels of a row are joined, see `delimited.joined`."""

    def as_lines(columns: Columns, rows: list[list[str]]) -> bytes:
        return lines([list(map(as_text, row)) for row in rows] if columns.escaped else rows, delimiter)

    def header(columns: Columns) -> bytes:
        names = ["row", *columns.renamed, "label", *columns.probabilities, *columns.flags]
        return as_lines(columns, [names])

    def encode(columns: Columns, labelled: LabelledRows) -> bytes:
        return as_lines(columns, cells(columns, labelled))

    return Format(header, encode, runs_formulas=True)


def cells(columns: Columns, labelled: LabelledRows) -> list[list[str]]:
    """The cells of each row of a text file."""
    return [
        [
            str(row),
            *kept,
            joined(label, columns.classes if columns.several else ()),
            *(f"{value:.6f}" for value in probabilities),
            *("true" if flag else "false" for flag in flags),
        ]
        for row, kept, label, probabilities, flags in _each_row(columns, labelled, as_cells)
    ]


class Remarks(NamedTuple):
    """What the user ought to know of rows that were written.

    Attributes:
        empty: Those whose text has no token.
        truncated: Those whose text was cut.
        formulas: Their cells that a spreadsheet may run.
    """

    empty: int = 0
    truncated: int = 0
    formulas: int = 0

    def after(self, form: Format, columns: Columns, labelled: LabelledRows) -> "Remarks":
        """The same with some more rows."""
        flags = [int(np.asarray(flag).sum()) for flag in labelled.flags or ()] or [0, 0]
        formulas = count_formulas(columns, labelled) if form.runs_formulas and not columns.escaped else 0
        return Remarks(*(sum(pair) for pair in zip(self, (*flags, formulas), strict=True)))


def count_formulas(columns: Columns, labelled: LabelledRows) -> int:
    """Cells of a text file that a spreadsheet may run."""
    kept = [as_cells(as_arrow(values)) for values in labelled.kept]
    names = {name for name in columns.classes if is_formula(name)}
    labels = sum(label[0] in names for label in labelled.labels if label) if names else 0
    return labels + sum(is_formula(cell) for column in kept for cell in column)


def _each_row(
    columns: Columns, labelled: LabelledRows, convert: Callable[[Any], list[str]]
) -> Iterator[tuple[int, tuple[str, ...], list[str], np.ndarray, tuple[bool, ...]]]:
    """Number, kept values, labels, probabilities and flags of each row."""
    count = len(labelled.rows)
    kept = list(zip(*map(convert, map(as_arrow, labelled.kept)), strict=True)) or [()] * count
    flags = list(zip(*_flags(columns, labelled), strict=True)) or [()] * count
    return zip(labelled.rows.tolist(), kept, labelled.labels, labelled.probabilities, flags, strict=True)


def _flags(columns: Columns, labelled: LabelledRows) -> list[list[bool]]:
    """Of each flag that is to be written, whether it holds for each row."""
    return [np.asarray(flag).tolist() for flag in labelled.flags or ()] if columns.flagged else []


def encode_json(columns: Columns, labelled: LabelledRows) -> bytes:
    """A JSON object in each line; `label` is a list where a row can have several."""
    names = [json.dumps(name) for name in columns.renamed]
    out = []
    for row, kept, label, probabilities, flags in _each_row(columns, labelled, as_json):
        shares = zip(columns.classes, probabilities, strict=True)
        ours = {
            "label": label if columns.several else label[0],
            "probabilities": {name: round(float(value), 6) for name, value in shares},
            **dict(zip(columns.flags, flags, strict=True)),
        }
        fields = [f'"row": {row}', *map(": ".join, zip(names, kept, strict=True)), json.dumps(ours)[1:-1]]
        out.append(f"{{{', '.join(fields)}}}\n")
    return "".join(out).encode()


def encode_arrow(columns: Columns, labelled: LabelledRows) -> bytes:
    """A whole Arrow stream; several can lie one after another."""
    import pyarrow as pa

    labels = labelled.labels if columns.several else [label[0] for label in labelled.labels]
    flags = zip(columns.flags, _flags(columns, labelled), strict=True)
    arrays = {
        "row": pa.array(labelled.rows, pa.int64()),
        **dict(zip(columns.renamed, map(as_arrow, labelled.kept), strict=True)),
        "label": pa.array(labels, pa.list_(pa.string()) if columns.several else pa.string()),
        **{
            name: pa.array(values, pa.float32())
            for name, values in zip(columns.probabilities, labelled.probabilities.T, strict=True)
        },
        **{name: pa.array(values, pa.bool_()) for name, values in flags},
    }
    batch = pa.record_batch(list(arrays.values()), names=list(arrays))
    target = pa.BufferOutputStream()
    with pa.ipc.new_stream(target, batch.schema) as stream:
        stream.write_batch(batch)
    return bytes(target.getvalue())


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
    flags = [np.zeros(0, bool) for _ in FLAGS] if columns.flagged else None
    return LabelledRows(np.zeros(0, np.int64), [[] for _ in columns.kept], [], empty, flags)
