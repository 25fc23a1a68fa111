"""Read labelled rows from a file, or take the bundled sample."""

import hashlib
import os
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Int

from cache.errors import UserError
from extract.columns import choose_columns
from extract.sample import comments

FORMATS = {".csv": ",", ".tsv": "\t"}
COMPRESSIONS = (".gz", ".zip", ".zst")


class Rows(NamedTuple):
    """Labelled rows in file order.

    Attributes:
        texts: the raw texts.
        labels: 0 or 1, `[b]` int32.
        rows: position of each row in the file, counted from 0, `[b]` int64.
        missing: rows of the file that were left out because they hold no text.
        columns: names of the text and the label column.
    """

    texts: list[str]
    labels: Int[np.ndarray, " b"]
    rows: Int[np.ndarray, " b"]
    missing: int
    columns: tuple[str, str]

    def digest(self, count: int | None = None) -> str:
        """SHA-256 over position, label and text of the first rows; None takes all."""
        total = hashlib.sha256()
        chosen = slice(count)
        for row, label, text in zip(self.rows[chosen], self.labels[chosen], self.texts[chosen], strict=True):
            encoded = text.encode()
            # The text's length keeps two texts from being taken for one, or one for two.
            total.update(b"%d:%d:%d:" % (row, label, len(encoded)) + encoded)
        return total.hexdigest()


def read_rows(data: str, text_column: str | None, label_column: str | None, limit: int | None) -> Rows:
    """Read a file's rows, or the bundled sample's.

    Raises:
        UserError: the file, a column or a label is not what it has to be.
    """
    table = _sample_table(limit) if data == "sample" else _read_table(data, limit)
    if table.empty:
        raise UserError(f"{data} holds a header but no rows")
    text, label = choose_columns(table, text_column, label_column)
    filled = (table[text].str.strip() != "").to_numpy()
    if not filled.any():
        raise UserError(f"{data} holds no text: every cell of column {text!r} is empty")
    kept = table[filled]
    labels = _binary_labels(kept[label], label)
    return Rows(kept[text].tolist(), labels, np.flatnonzero(filled), int((~filled).sum()), (text, label))


def data_name(data: str) -> str:
    """Name of a data set for its cache: the file's name without folders and endings."""
    name = os.path.basename(data)
    for ending in (*COMPRESSIONS, *FORMATS):
        name = name.removesuffix(ending)
    return name


def _sample_table(limit: int | None) -> pd.DataFrame:
    rows = comments()[:limit]
    return pd.DataFrame({"text": [text for text, _ in rows], "label": [str(label) for _, label in rows]})


def _read_table(path: str, limit: int | None) -> pd.DataFrame:
    """Read all columns as strings: no cell such as `NA` or `null` is taken for a missing one."""
    separator = _separator(path)
    try:
        table = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, nrows=limit)
    except pd.errors.EmptyDataError:
        raise UserError(f"{path} is empty") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8: {error}") from None
    except (pd.errors.ParserError, ValueError, OSError, EOFError) as error:
        raise UserError(f"{path} cannot be read as {separator!r}-separated text: {error}") from None
    return table.fillna("")


def _separator(path: str) -> str:
    if not os.path.exists(path):
        raise UserError(f"there is no file {path}")
    if not os.path.isfile(path):
        raise UserError(f"{path} is not a file")
    stem = path
    for ending in COMPRESSIONS:
        stem = stem.removesuffix(ending)
    ending = os.path.splitext(stem)[1].lower()
    if ending not in FORMATS:
        known = ", ".join(FORMATS)
        raise UserError(
            f"{path} has the ending {ending or 'none'}; {known} can be read, also as .gz .zip .zst"
        )
    return FORMATS[ending]


def _binary_labels(column: "pd.Series[str]", name: str) -> Int[np.ndarray, " b"]:
    labels = column.str.strip().map({"0": 0, "1": 1})
    if (wrong := labels.isna()).any():
        row = int(column.index[wrong.to_numpy()][0])
        raise UserError(
            f"column {name!r} holds {column[row]!r} in data row {row + 1} (the first is 1); "
            "labels must be 0 or 1"
        )
    values = labels.to_numpy(np.int32)
    if len(set(values.tolist())) == 1:
        raise UserError(f"all {len(values)} rows have the label {values[0]}; two classes are needed")
    return values
