"""What makes rows and headers unusable, one by one and all at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.cache import UserError
from headstart.extract.tables import batch as module
from headstart.extract.tables.batch import BadRow, TableBatch, check_names, flaw, is_sound

some_cell = st.text(st.sampled_from("ab\0\udc80é"), max_size=4)


@settings(deadline=None, max_examples=500)
@given(st.lists(st.lists(some_cell, min_size=1, max_size=3), max_size=4))
def test_all_rows_are_sound_if_none_has_a_flaw(rows: list[list[str]]) -> None:
    assert is_sound(rows, 2) == all(flaw(row, 2, "utf-8") is None for row in rows)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["a", "b"], None),
        (["a"], "it has 1 cell, the header has 2"),
        (["a"] * 1_500, "it has 1,500 cells, the header has 2"),
        (["a", "b\0"], "it holds a NUL byte, which no text has"),
        (["a", "\udc80"], "it is not CP1252; if the file is in another encoding, name it"),
        (["a", "\ud83d"], r"it holds half of a surrogate pair, such as \ud83d alone"),
        (["\udfff", "\udc80"], "it holds half of a surrogate pair"),
        (["\udc7f\udd00", "b"], "it holds half of a surrogate pair"),
        (["a", "\udcff\udc80"], "it is not CP1252"),
        (["a", "x" * 9], "a cell is longer than 10 MB"),
    ],
)
def test_flaws(monkeypatch: pytest.MonkeyPatch, cells: list[str], reason: str | None) -> None:
    monkeypatch.setattr(module, "MOST_CHARACTERS", 8)
    reported = flaw(cells, 2, "cp1252")
    assert reported is None if reason is None else reported and reported.startswith(reason)
    assert is_sound([["a", "b"], cells], 2) == (reason is None)


def test_names_of_columns() -> None:
    assert check_names("a.csv", ("text", "label")) == ["text", "label"]
    with pytest.raises(UserError, match=r"^a.csv names the column 'x' twice; rename one$"):
        check_names("a.csv", ["x", "y", "x"])
    with pytest.raises(UserError, match="10,001 columns, at most 10,000 can be read"):
        check_names("a.csv", [str(number) for number in range(10_001)])


def test_a_column_that_a_batch_lacks_is_empty() -> None:
    batch = TableBatch("a.csv", ["x", "y"], [["1", "2"], ["3", "4"]], np.arange(2), 2, [])
    assert (batch.column("y"), batch.column("z")) == (["2", "4"], ["", ""])


def test_a_bad_row_says_where_it_is() -> None:
    assert str(BadRow("a.csv", 2, 5, "odd")) == "a.csv, data row 2 (line 5): odd"
    assert str(BadRow("a.parquet", 2, None, "odd")) == "a.parquet, data row 2: odd"
