import io

import pytest

from headstart.cache import UserError
from headstart.extract.predict.text_lines import holds_lines, read_lines


@pytest.mark.parametrize(
    ("start", "lines"),
    [
        (b"comment_text,label\nyou,1\n", False),
        (b'id\t"Text"\n1\tyou\n', False),
        (b"\xef\xbb\xbftext\nyou\n", False),
        (b'{"text": "you"}\n', False),
        (b"\x1f\x8b\x08", False),
        (b"PAR1", False),
        (b"you are kind, very\nand you not\n", True),
        (b"Body, mind and soul\nyou are a, idiot\n", True),
        (b"comment_text,Is toxic\nyou,1\n", False),
        (b"text, label\nyou,1\n", False),
        (b"text, comment, my own label\n", True),
        (b"", True),
        (b"\n\nyou", True),
    ],
)
def test_a_table_says_so_in_its_first_line(start: bytes, lines: bool) -> None:
    assert holds_lines(start) is lines


def test_every_line_is_a_row() -> None:
    data = "\ufeffyou\n\n\u2028 kind\r\nlast".encode()
    chunks = list(read_lines(io.BytesIO(data), 2))
    assert [chunk.table["text"].tolist() for chunk in chunks] == [["you", ""], ["\u2028 kind", "last"]]
    assert [chunk.table.index.tolist() for chunk in chunks] == [[0, 1], [2, 3]]


@pytest.mark.parametrize(
    ("line", "says"), [(b"\xff\xfe", "row 3: it is not UTF-8"), (b"a\0b", "row 3: it holds a NUL byte")]
)
def test_what_is_no_text_is_named(line: bytes, says: str) -> None:
    with pytest.raises(UserError, match=says):
        list(read_lines(io.BytesIO(b"a\nb\n" + line), 2))
    (chunk,) = read_lines(io.BytesIO(b"a\nb\n" + line + b"\nc"), 9, "skip")
    assert chunk.table["text"].tolist() == ["a", "b", "c"]
    assert chunk.table.index.tolist() == [0, 1, 3]
    assert [bad.row for bad in chunk.bad] == [3]


def test_nothing_is_no_text() -> None:
    with pytest.raises(UserError, match="standard input is empty"):
        list(read_lines(io.BytesIO(b""), 2))
