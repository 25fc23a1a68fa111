"""What is asked of a table before its rows are read."""

import pytest

from headstart.cache import UserError
from headstart.extract.tables.source import (
    FIRST_CELLS,
    ROWS,
    FirstRows,
    TableSource,
    all_columns,
    choose_from,
    first_count,
)


def first_rows(*header: str, headerless: bool = False) -> FirstRows:
    return FirstRows("a.csv", header, lambda names: {name: [] for name in names}, headerless)


def test_a_name_that_two_columns_have_matters_where_it_is_chosen() -> None:
    first = first_rows("text", "", "", "x", "x")
    assert choose_from(TableSource("a", "a", lambda first: ["text"]), first) == ["text"]
    with pytest.raises(UserError, match="names the column 'x' twice; rename one"):
        choose_from(TableSource("a", "a", lambda first: ["text", "x"]), first)
    with pytest.raises(UserError, match="names the column '' twice"):
        all_columns(first)


def test_all_columns_need_a_header() -> None:
    assert all_columns(first_rows("a", "b")) == ["a", "b"]
    with pytest.raises(UserError, match=r"looks like data, no header \(ham, you\); .* `--no-header`"):
        all_columns(first_rows("ham", "you", headerless=True))


@pytest.mark.parametrize("width", [1, 100, 9_000, 1_000_000])
def test_a_wide_table_shows_few_rows(width: int) -> None:
    count = first_count([str(number) for number in range(width)])
    assert 20 <= count <= ROWS
    assert count == 20 or count * width <= FIRST_CELLS
