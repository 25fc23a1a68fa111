"""The delimiter of a .csv file: in doubt it is a comma."""

import pytest

from headstart.extract.tables.delimited import sniff


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
        (["text", "a b", "c d"], ","),
        (["text", "a; b", "c; d"], ","),
        ([""], ","),
        ([], ","),
    ],
)
def test_delimiters(lines: list[str], delimiter: str) -> None:
    assert sniff([line if line.endswith("\n") else f"{line}\n" for line in lines]) == delimiter
