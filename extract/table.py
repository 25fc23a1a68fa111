"""A whole file as one table of strings; for files that fit into memory."""

from collections.abc import Sequence

import pandas as pd

from extract.reading import read_chunks
from extract.reading.sources import stem

__all__ = ["read_table", "stem"]


def read_table(data: str | Sequence[str]) -> pd.DataFrame:
    """Read files; no cell such as `NA` or `null` is taken for a missing one.

    Raises:
        UserError: a file is not there, or not a table; the message names the row.
    """
    return pd.concat([chunk.table for chunk in read_chunks(data)]).fillna("")
