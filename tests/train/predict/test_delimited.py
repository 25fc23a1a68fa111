"""Cells of text files."""

import csv
import io
import itertools

import pandas as pd
import pytest

from headstart.train.predict.delimited import as_text, is_formula, joined, lines

PIECES = ["", "a", ",", "\t", '"', "\r", "\n", "\r\n", " ", "ß", "'", "|", "\u2028"]


@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_readers_find_the_cells_that_went_in(delimiter: str) -> None:
    """Every cell of three pieces, lone carriage returns among them."""
    rows = [["x", "".join(pieces), "y"] for pieces in itertools.product(PIECES, repeat=3)]
    text = lines(rows, delimiter).decode()
    assert list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)) == rows
    frame = pd.read_csv(
        io.BytesIO(text.encode()), sep=delimiter, header=None, keep_default_na=False, dtype=str
    )
    assert frame.to_numpy().tolist() == rows


def test_cells_without_need_stand_without_quotes() -> None:
    assert lines([["a b", "c|d", "'"]], ",") == b"a b,c|d,'\n"
    assert lines([["a\rb", "1"]], ",") == b'"a\rb",1\n'
    assert lines([["a,b", "a\tb"]], "\t") == b'a,b\t"a\tb"\n'


@pytest.mark.parametrize(
    "cell",
    [
        "=cmd|' /C calc'!A0",
        "+1+1",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "-",
        "=1",
        "\uff1d1",
    ],
)
def test_formulas_are_seen_and_written_as_text(cell: str) -> None:
    assert is_formula(cell)
    assert as_text(cell) == f"'{cell}"
    assert not is_formula(as_text(cell))


@pytest.mark.parametrize(
    "cell", ["", "a=b", "-5", "+3.5", "-1e-7", "-1,234.5", "-.5", "'=1", " x", "5-3", "-inf"]
)
def test_numbers_and_other_text_stay(cell: str) -> None:
    assert as_text(cell) == cell


def test_labels_are_joined_where_that_can_be_read_in_one_way() -> None:
    assert joined(["a", "b"], ["a", "b", "c"]) == "a|b"
    assert joined([], ["a", "b"]) == ""
    for classes in (["a|b", "a", "b"], ["", "a", "b"], ['["a"]', "a", "b"]):
        cells = [
            joined(list(labels), classes)
            for count in range(4)
            for labels in itertools.combinations(classes, count)
        ]
        assert len({*cells}) == 8
        assert joined(["a", "b"], classes) == '["a", "b"]'
