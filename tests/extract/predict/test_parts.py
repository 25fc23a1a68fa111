"""Parts of equal size out of chunks of any size."""

from typing import NamedTuple

import pandas as pd
import pytest

from headstart.cache.block import MAX_PART_ROWS, MIN_PART_ROWS
from headstart.extract.predict.parts import part_of, parts
from headstart.train.predict.trained_head import block_of


class Chunk(NamedTuple):
    table: pd.DataFrame
    bad: list[str]


def chunks(*sizes: int, column: str = "text") -> list[Chunk]:
    start, made = 0, []
    for number, size in enumerate(sizes):
        index = pd.RangeIndex(start, start + size)
        made.append(Chunk(pd.DataFrame({column: [f"t{i}" for i in index]}, index=index), [f"bad {number}"]))
        start += size
    return made


@pytest.mark.parametrize("sizes", [(3,), (5,), (7, 3), (1, 1, 1, 1, 9), (0, 12, 0), (20,), (2, 5, 4, 0)])
def test_every_part_but_the_last_has_so_many_rows(sizes: tuple[int, ...]) -> None:
    given = chunks(*sizes)
    found = list(parts(given, 5))
    assert all(len(part.table) == 5 for part in found[:-1])
    whole = pd.concat([part.table for part in found])
    assert whole["text"].tolist() == [f"t{i}" for i in range(sum(sizes))]
    assert whole.index.tolist() == list(range(sum(sizes)))
    assert sorted(bad for part in found for bad in part.bad) == sorted(chunk.bad[0] for chunk in given)


def test_a_part_ends_where_columns_change() -> None:
    found = list(parts([*chunks(3), *chunks(4, column="other")], 5))
    assert [(len(part.table), *part.table.columns) for part in found] == [(3, "text"), (4, "other")]


@pytest.mark.parametrize("rows", [None, 1, 5, 1000, 1024, 1500, 10**9])
def test_a_part_is_whole_blocks_of_some_size(rows: int | None) -> None:
    block = block_of(rows)
    assert part_of(block) % block == 0
    assert MIN_PART_ROWS // 2 < part_of(block) <= MAX_PART_ROWS
