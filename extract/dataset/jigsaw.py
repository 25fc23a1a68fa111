"""The notebook's balanced file from Kaggle's `train.csv`, as part 1 of the tutorial made it.

`python -m extract prepare jigsaw train.csv -o preprocessed.csv`; from all 159,571 comments it makes 32,450 rows.
"""

import os
from collections.abc import Iterable

import pandas as pd

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.files import atomic_file
from headstart.extract.tables.reader import read_chunks
from headstart.extract.tables.source import FirstRows

LABELS = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")
TEXT = "comment_text"
TARGET = "Toxic"
MISSING = (
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL",
    "NaN", "None", "n/a", "nan", "null",
)  # fmt: skip
"""Texts that pandas, and so the tutorial, takes for missing ones and writes as empty."""


def prepare_jigsaw(train: str, output: str, seed: int) -> str:
    """Write the balanced file, whole or not at all, and say what it holds.

    Args:
        train: Path of Kaggle's train.csv.
        output: Path of the file to write.
        seed: Seed of the draw of comments without a label; the notebook's is 42.

    Raises:
        UserError: the file is another one, or the output cannot be written.
    """
    if not output.lower().endswith(".csv"):
        raise UserError(f"--output {output} must end in .csv")
    if os.path.exists(output) and os.path.exists(train) and os.path.samefile(train, output):
        raise UserError(f"--output {output} is the input itself; choose another name")
    table = _read(train)
    balanced = balance(table, train, seed)
    _write(balanced.to_csv(index=False), output)
    rows = len(balanced) // 2
    line = f"{output}: {rows:,} comments with a label, {rows:,} of {len(table) - rows:,} others, drawn with seed {seed}"
    empty = int((balanced[TEXT] == "").sum())
    return line + (f"; {empty:,} of them hold no text, or a word that pandas takes for none" if empty else "")


def _read(path: str) -> pd.DataFrame:
    """All rows; one that cannot be read would change which others are drawn."""
    chunks = list(read_chunks(path, "skip", choose=lambda first: _choose(first, path)))
    if bad := [row for chunk in chunks for row in chunk.bad]:
        raise UserError(f"{bad[0]}; mend it, or download the file again")
    return pd.concat([chunk.table for chunk in chunks])


def _choose(first: FirstRows, path: str) -> list[str]:
    _check_columns(first.header, path)
    return [TEXT, *LABELS]


def balance(table: pd.DataFrame, path: str, seed: int) -> pd.DataFrame:
    """All comments with any label in file order, then as many others, drawn.

    Args:
        table: Rows of strings.
        path: Path of their file, for messages.
        seed: Seed of the draw.

    Raises:
        UserError: a column is missing, a label is not 0 or 1, or there are too few other comments.
    """
    labelled = _labelled(table, path)
    texts = table[TEXT].where(~table[TEXT].isin(MISSING), "")
    toxic, others = texts[labelled], texts[~labelled]
    if not len(toxic) or len(others) < len(toxic):
        raise UserError(
            f"{path} holds {len(toxic):,} comments with a label and {len(others):,} without; wanted are some with, "
            "and at least as many without: Kaggle's train.csv, unshortened"
        )
    drawn = others.sample(n=len(toxic), random_state=seed)
    target = [1] * len(toxic) + [0] * len(drawn)
    return pd.DataFrame({TEXT: pd.concat([toxic, drawn]).to_numpy(), TARGET: target})


def _labelled(table: pd.DataFrame, path: str) -> "pd.Series[bool]":
    """Which comments have any of the six labels."""
    _check_columns(table.columns, path)
    labels = table[list(LABELS)]
    if (wrong := ~labels.isin(["0", "1"]).to_numpy()).any():
        row, column = (int(places[0]) for places in wrong.nonzero())
        raise UserError(
            f"{path}: column {LABELS[column]!r} holds {labels.iat[row, column]!r} in data row {row + 1} "
            "(the first is 1); each label must be 0 or 1, as in Kaggle's train.csv"
        )
    return (labels == "1").any(axis=1)


def _check_columns(names: Iterable[str], path: str) -> None:
    if missing := [name for name in (TEXT, *LABELS) if name not in {*names}]:
        raise UserError(
            f"{path} has no column {missing[0]!r}; wanted is Kaggle's train.csv with {TEXT}, {', '.join(LABELS)}"
        )


def _write(text: str, output: str) -> None:
    try:
        with atomic_file(output) as file:
            file.write(text.encode())
    except OSError as error:
        raise UserError(f"{output} cannot be written ({error.strerror})") from None
