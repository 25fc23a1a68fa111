"""What parts cells: the delimiter, and whether quotes stand around them."""

from collections.abc import Callable

import pytest

from headstart.cache import UserError
from headstart.extract.tables.dialect import Dialect, choose_quoting, is_blank, sniff, trimmed


@pytest.mark.parametrize(
    ("lines", "delimiter"),
    [
        (["text,label", "a b,1"], ","),
        (["text;label", "a b;1"], ";"),
        (["text\tlabel", "a b\t1"], "\t"),
        (["text|label", "a b|1"], "|"),
        (["text;label", "so, it is, here;1", "no comma;0"], ";"),  # commas, but not in every row as many
        (["text;a,b", "x, y;1", "u, v;0"], ","),  # both would do
        (["text,label", "a;b,1", "c;d,0"], ","),  # the header has no semicolon
        (["text,label", "a b,1,2"], ","),  # ragged, and no other delimiter does better
        (["text;label", "a b;1;2"], ","),  # ragged: not taken for something else
        (["id;text;label", '1;"a;b\n', 'c";1', "2;d;0"], ";"),  # a quoted cell of two lines
        (["id;text;label", "1;a b;0", '2;"goes on beyond'], ";"),
        (["text;label", "a b;1;2", "c d;0", "e f;1"], ";"),  # most rows will do
        (["text", "a b", "c d"], ","),
        (["text", "a; b", "c; d"], ","),
        ([""], ","),
        ([], ","),
    ],
)
def test_delimiters(lines: list[str], delimiter: str) -> None:
    assert sniff([line if line.endswith("\n") else f"{line}\n" for line in lines]) == delimiter


def test_a_delimiter_shows_without_quotes_too() -> None:
    assert sniff(["text\tlabel\n", '"so" he said\t1\n', 'no end" of it\t0\n']) == "\t"


UNQUOTED = {
    "a quote opens": ['1\t"well, he began\n', "0\tand so on\n", '1\tthe end"\n'],
    "the rest is lost": ["1\tfine\n", '0\t"never closed\n', "1\tso\n"],
    "after a quote": ['1\t"Good" he said\n', "0\tso\n"],
    "with a blank line": ['1\t"well\n', "\n", '0\tit ends"\n'],
    "with a row that is ragged": ["1\tone\ttoo many\n", '1\t"well\n', '0\tit ends"\n'],
}
QUOTED = {
    "a tab within": ['1\t"a\tb"\n', "0\tso\n"],
    "two lines": ['1\t"a\n', 'b"\n', "0\tso\n"],
    "all": ['"1"\t"a"\n', '"0"\t"so"\n', '"1"\t"he ""said"""\n'],
    "no quotes": ["1\ta\n", "0\tb\n"],
}


@pytest.mark.parametrize("lines", UNQUOTED.values(), ids=UNQUOTED)
def test_lines_that_are_rows_are_not_merged(lines: list[str]) -> None:
    assert choose_quoting("a.tsv", ["label\ttext\n", *lines], "\t") == Dialect("\t", quoted=False)
    bars = [line.replace("\t", "|") for line in lines]
    assert not choose_quoting("a.csv", ["label|text\n", *bars], "|").quoted


@pytest.mark.parametrize("lines", QUOTED.values(), ids=QUOTED)
def test_quotes_that_part_cells_are_taken_as_such(lines: list[str]) -> None:
    assert choose_quoting("a.tsv", ["label\ttext\n", *lines], "\t") == Dialect("\t", guarded=True)
    commas = [line.replace("\t", ",") for line in lines]
    unseen = not any('"' in line for line in lines)  # a merge further on would be the first sign of quotes
    assert choose_quoting("a.csv", ["label,text\n", *commas], ",") == Dialect(",", guarded=unseen)


@pytest.mark.parametrize(
    "lines",
    [
        ['1,"hello,0\n', "2,foo,1\n", '3,bar",0\n'],
        ['1,"a,0\n', '2,b",1\n', "3,c,0\n"],
        ["3,c,0\n", '1,"a,0\n', "\n", '2,b",1\n'],
    ],
)
def test_between_commas_the_same_is_a_question(lines: list[str]) -> None:
    with pytest.raises(UserError, match="`--quoting minimal` or `--quoting none`"):
        choose_quoting("a.csv", ["id,text,label\n", *lines], ",")
    assert choose_quoting("a.csv", ["id,text,label\n", *lines, '4,"x, y",0\n'], ",").quoted
    assert choose_quoting("a.csv", ["id,text,label\n", *lines, '4,"x",0\n'], ",").quoted


@pytest.mark.parametrize(
    "lines",
    [
        ['"well, ""quoted""\n', 'a new line",0\n', "so,1\n"],
        ["so,1\n", '"1, ""2""\n', "\n", '3",0\n'],
        ['"""a"", b\n', '""c""",1\n'],
    ],
)
def test_quotes_that_are_written_twice_are_no_question(lines: list[str]) -> None:
    assert choose_quoting("a.csv", ["text,label\n", *lines], ",") == Dialect(",")


@pytest.mark.parametrize(
    "make", [lambda n: ['1\t"a\n'] * n, lambda n: ['1\t"a" b\n'] * n, lambda n: ['"\n'] * n]
)
def test_every_line_is_weighed_once(make: Callable[[int], list[str]]) -> None:
    """The work for four times the lines is four times as much."""

    def work(count: int) -> int:
        return sum(len(group) for _, group in Dialect("\t").groups(make(count)))

    assert [work(100), work(400)] == [100, 400]


@pytest.mark.parametrize(
    ("row", "cut"),
    [
        ("a b", "a b"),
        ("a b  ", "a b"),
        ("a b \t ", "a b"),
        ("a   ", "a "),
        ("a b  c", "a b  c"),
        ("a", "a"),
        ("", ""),
    ],
)
def test_empty_cells_beyond_the_header(row: str, cut: str) -> None:
    assert trimmed(row.split(" "), 2) == cut.split(" ")


@pytest.mark.parametrize(
    ("row", "blank"), [([" \t"], True), ([""], False), ([" ", " "], False), (["a"], False)]
)
def test_lines_of_blanks(row: list[str], blank: bool) -> None:
    assert is_blank(row) is blank


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("more", ["{0}", "{0}{0}", "{0} {0}"])
def test_empty_cells_beyond_the_header_hide_no_delimiter(delimiter: str, more: str) -> None:
    lines = [f"text{delimiter}label\n", *(f"so, {n}{delimiter}1{more.format(delimiter)}\n" for n in range(9))]
    assert sniff(lines) == delimiter
