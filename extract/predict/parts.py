"""Parts of equal size, whatever the chunks are in which rows come."""

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from headstart.cache.block import LEAST


def part_of(block: int) -> int:
    """Rows of a part: whole blocks."""
    return block * max(1, LEAST // block)


def parts(chunks: Iterable[Any], rows: int) -> Iterator[Any]:
    """Cut chunks anew: neither the end of a file nor rows that are left out make a part shorter, but for the last.

    Args:
        chunks: each with a `table`, and the rows that are left out, `bad`; like `extract.tables.reader.TableChunk`.
        rows: of a part. Where columns change, a part ends.
    """
    held = None
    for chunk in chunks:
        if held is not None and set(held.table.columns) != set(chunk.table.columns):
            yield held
            held = None
        held = chunk if held is None else _joined(held, chunk)
        while len(held.table) >= rows:
            yield held._replace(table=held.table.iloc[:rows])
            held = held._replace(table=held.table.iloc[rows:], bad=[])
    if held is not None and (len(held.table) or held.bad):
        yield held


def _joined(held: Any, chunk: Any) -> Any:
    table = pd.concat([held.table, chunk.table]) if len(held.table) else chunk.table
    return chunk._replace(table=table, bad=[*held.bad, *chunk.bad])
