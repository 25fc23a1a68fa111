import io

import pandas as pd
import pytest

from headstart.cache import UserError
from headstart.cache.block import MAX_PART_ROWS, MIN_PART_ROWS
from headstart.extract.predict.chunks import holds_lines, part_of, parts, read_lines
from headstart.extract.tables.batch import BadRow
from headstart.extract.tables.reader import TableChunk


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


def chunks(*sizes: int, column: str = "text") -> list[TableChunk]:
    """Chunks of so many rows, and a bad one each."""
    start, pieces = 0, []
    for number, size in enumerate(sizes):
        index = pd.RangeIndex(start, start + size)
        table = pd.DataFrame({column: [f"t{i}" for i in index]}, index=index)
        pieces.append(TableChunk(table, [BadRow("a.csv", number, None, "bad")]))
        start += size
    return pieces


@pytest.mark.parametrize("sizes", [(3,), (5,), (7, 3), (1, 1, 1, 1, 9), (0, 12, 0), (20,), (2, 5, 4, 0)])
def test_every_part_but_the_last_has_so_many_rows(sizes: tuple[int, ...]) -> None:
    pieces = list(parts(chunks(*sizes), 5))
    assert all(len(part.table) == 5 for part in pieces[:-1])
    whole = pd.concat([part.table for part in pieces])
    assert whole["text"].tolist() == [f"t{i}" for i in range(sum(sizes))]
    assert whole.index.tolist() == list(range(sum(sizes)))
    assert [bad.row for part in pieces for bad in part.bad] == list(range(len(sizes)))


def test_a_part_ends_where_columns_change() -> None:
    pieces = list(parts([*chunks(3), *chunks(4, column="other")], 5))
    assert [(len(part.table), *part.table.columns) for part in pieces] == [(3, "text"), (4, "other")]


@pytest.mark.parametrize("rows", [None, 1, 5, 1000, 1024, 1500, 10**9])
def test_a_part_is_whole_blocks_of_some_size(rows: int | None) -> None:
    block = min(rows or MIN_PART_ROWS, MAX_PART_ROWS)  # as of a trained head
    assert part_of(block) % block == 0
    assert MIN_PART_ROWS // 2 < part_of(block) <= MAX_PART_ROWS
