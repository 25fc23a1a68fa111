"""The first lines of delimited text: Excel's instruction, names of columns, or data."""

import pytest

from headstart.cache import UserError
from headstart.extract.tables.header import (
    check_header,
    known_name,
    looks_like_data,
    separator_of,
    trailing_blanks,
)


@pytest.mark.parametrize(
    ("line", "separator"),
    [
        ("sep=;\r\n", ";"),
        ("SEP=\t\n", "\t"),
        ('"sep=,"\n', ","),
        ("sep=^", "^"),
        ("sep=;;;\n", ";"),  # saved again as a table of three columns
        ("sep=\n", None),
        ("sep=ab\n", None),
        ("separator;label\n", None),
        ('sep="\n', None),
    ],
)
def test_excel_s_instruction(line: str, separator: str | None) -> None:
    assert separator_of(line) == separator


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (None, "is empty; its first line must name the columns"),
        (["a\0"], "holds a NUL byte"),
        (["\udc80"], "it is not CP1252"),
    ],
)
def test_what_is_no_header(names: list[str] | None, says: str) -> None:
    with pytest.raises(UserError, match=says):
        check_header("a.csv", names, "cp1252")
    assert check_header("a.csv", ["text", "nan"], "utf-8") == ["text", "nan"]


PROSE = "you are not so very kind"


@pytest.mark.parametrize(
    ("names", "rows"),
    [
        (["a", "0.5"], []),
        (["ham", PROSE], [["spam", "win now"], ["ham", "so"]]),
        (["positive", "fine film"], [["positive", "good"], ["negative", "bad"], ["positive", "so so"]]),
        (["x1", PROSE], [["x2", PROSE + " and more"], ["x3", PROSE]]),
        ([PROSE], [[PROSE + " indeed"], ["and you are not kind at all"]]),
        (["1", "x", "y"], [["2", "a", "b"]]),
        (["spam", "win a prize now"], [["ham", "see you"], ["spam", "a prize"], ["ham", "at home"]]),
        (["so mean", "toxic"], [["so kind", "fine"], ["so dumb", "toxic"], ["so so", "fine"]]),
    ],
)
def test_rows_at_the_top(names: list[str], rows: list[list[str]]) -> None:
    assert looks_like_data(names, rows)


@pytest.mark.parametrize(
    ("names", "rows"),
    [
        (["text"], [["hello"], ["text"]]),
        (["word"], [["word"], ["word"], ["other"]]),  # one word is no reason to refuse
        (["v1", "v2"], [["ham", PROSE], ["spam", PROSE]]),
        (["2019", "text", "2020"], [["1", PROSE, "2"]]),  # a well-known name is among them
        (["Timestamp", "How did you like our new product?"], [["1", PROSE], ["2", PROSE]]),
        (["mood", "words"], [["up", PROSE], ["down", PROSE]]),
        (["nan", "inf"], [["1", "2"]]),
        (["a", "b"], []),
    ],
)
def test_headers(names: list[str], rows: list[list[str]]) -> None:
    assert not looks_like_data(names, rows)


def test_names_however_they_are_written() -> None:
    assert known_name(" Review-Text ") == known_name("review text") == "review_text"
    assert [trailing_blanks(names) for names in (["a", "", " "], ["", "a"], [""])] == [2, 0, 1]
