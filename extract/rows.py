"""Read labelled rows from a file, or take the bundled sample."""

import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Int

from cache.errors import UserError
from cache.task import BINARY, Task
from extract.columns import choose_columns
from extract.labels import recognise
from extract.sample import comments
from extract.table import read_table


class Column(NamedTuple):
    """A further column.

    Attributes:
        codes: place of each row's value among `names`, `[b]` int32.
        names: its different values, in the order of their first appearance.
    """

    codes: Int[np.ndarray, " b"]
    names: tuple[str, ...]


class Rows(NamedTuple):
    """Labelled rows in file order.

    Attributes:
        texts: the raw texts.
        labels: class of each row, `[b]`, or 0 or 1 for each class, `[b, k]`, int32.
        rows: position of each row in the file, counted from 0, `[b]` int64.
        missing: rows of the file that were left out because they hold no text.
        columns: names of the text column, and of the label columns, separated by commas.
        task: what the labels say.
        others: further columns that were asked for.
        source: which of several files each row came from, counted from 0, `[b]`; None of one file.
    """

    texts: list[str]
    labels: Int[np.ndarray, " b *k"]
    rows: Int[np.ndarray, " b"]
    missing: int
    columns: tuple[str, str]
    task: Task = BINARY
    others: Mapping[str, Column] = MappingProxyType({})
    source: Int[np.ndarray, " b"] | None = None

    def digest(self, count: int | None = None) -> str:
        """SHA-256 over position, label and text of the first rows; None takes all."""
        total = hashlib.sha256()
        chosen = slice(count)
        labels = self.labels[chosen].reshape(len(self.texts[chosen]), -1).tolist()
        for row, own, text in zip(self.rows[chosen], labels, self.texts[chosen], strict=True):
            encoded = text.encode()
            label = ",".join(map(str, own)).encode()
            # The text's length keeps two texts from being taken for one, or one for two.
            total.update(b"%d:%s:%d:" % (row, label, len(encoded)) + encoded)
        return total.hexdigest()


def read_rows(
    data: str | Sequence[str],
    text_column: str | None,
    label_column: str | None,
    limit: int | None = None,
    seed: int = 42,
    class_names: str | None = None,
    others: Sequence[str] = (),
) -> Rows:
    """Read a file's rows, or the bundled sample's.

    Args:
        data: `sample`, or the path of a file, or of several with the same columns.
        text_column: None guesses it.
        label_column: None guesses it; several, separated by commas, are labels of which a row can have any number.
        limit: take only so many rows, drawn at random; None takes all.
        seed: of the draw.
        class_names: names of the classes, separated by commas; None takes those in the file.
        others: names of further columns to read.

    Raises:
        UserError: the file, a column or a label is not what it has to be.
    """
    paths = [data] if isinstance(data, str) else list(data)
    whole, source = _read_all(paths)
    table = _sample_of(whole, limit, seed)
    own = {text_column, *(label_column or "").split(",")}
    guessed = table.drop(columns=[name for name in others if name in table and name not in own])
    text, labelled = choose_columns(guessed, text_column, label_column)
    filled = (table[text].str.strip() != "").to_numpy()
    if not filled.any():
        raise UserError(f"{', '.join(paths)} holds no text: every cell of column {text!r} is empty")
    kept = table[filled]
    names = class_names.split(",") if class_names else None
    task, labels = recognise(kept, labelled, names)
    missing, places = int((~filled).sum()), kept.index.to_numpy(np.int64)
    columns = {name: _column(kept, name) for name in others}
    came = source[places] if len(paths) > 1 else None
    return Rows(kept[text].tolist(), labels, places, missing, (text, ",".join(labelled)), task, columns, came)


def _read_all(paths: Sequence[str]) -> tuple[pd.DataFrame, Int[np.ndarray, " b"]]:
    """The rows of all files, and which file each came from."""
    tables = [_sample_table() if path == "sample" else read_table(path) for path in paths]
    for path, table in zip(paths, tables, strict=True):
        if table.empty:
            raise UserError(f"{path} holds a header but no rows")
        if set(table.columns) != set(tables[0].columns):
            raise UserError(
                f"{path} has the columns {', '.join(table.columns)}, {paths[0]} has {', '.join(tables[0].columns)}; "
                "all files need the same ones"
            )
    sizes = list(map(len, tables))
    return pd.concat(tables, ignore_index=True), np.repeat(np.arange(len(sizes)), sizes)


def _column(table: pd.DataFrame, name: str) -> Column:
    if name not in table:
        raise UserError(f"there is no column {name!r}. The columns are: {', '.join(table.columns)}.")
    codes, names = pd.factorize(table[name])
    return Column(codes.astype(np.int32), tuple(names))


def _sample_table() -> pd.DataFrame:
    rows = comments()
    return pd.DataFrame({"text": [text for text, _ in rows], "label": [str(label) for _, label in rows]})


def _sample_of(table: pd.DataFrame, limit: int | None, seed: int) -> pd.DataFrame:
    """Choose rows at random, in file order: files are often sorted by label."""
    if limit is None or limit >= len(table):
        return table
    return table.sample(limit, random_state=seed).sort_index()
