"""Rows of objects: cells are strings, and later objects may name further columns."""

import json

import pytest

from headstart.cache import UserError
from headstart.extract.tables.batch import BadRow, TableBatch
from headstart.extract.tables.records import Objects, cell


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (None, ""),
        (float("nan"), ""),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (2.0, "2"),
        (2.5, "2.5"),
        (-0.0, "-0"),
        (1e16, "10000000000000000"),
        (1.234567890123456e17, "123456789012345600"),
        (1e23, "100000000000000000000000"),
        (["é", 1], '["é",1]'),
        ({"k": []}, '{"k":[]}'),
    ],
)
def test_cells(value: object, text: str) -> None:
    assert cell(value) == text
    if isinstance(value, list | dict):
        assert json.loads(text) == value


def batch(objects: Objects, *records: dict[str, object], first: int = 0) -> TableBatch:
    numbers = list(range(first, first + len(records)))
    return objects.batch(list(records), numbers, [None] * len(records), [], first + len(records))


def test_columns_are_added_as_they_come() -> None:
    objects = Objects("a.jsonl", ["text"])
    one = batch(objects, {"text": "a"}, {"label": 1, "text": "b"})
    assert (one.header, one.rows, one.numbers.tolist()) == (
        ["text", "label"],
        [["a", ""], ["b", "1"]],
        [0, 1],
    )
    other = batch(objects, {"more": ["x"]}, first=2)
    assert (other.header, other.rows) == (["text", "label", "more"], [["", "", '["x"]']])
    assert other.nested == {"more": {2}}


def test_flawed_objects_are_bad_rows_in_order() -> None:
    records, numbers = [{"text": "a\0"}, {"text": "b"}, {"text": "\udc80"}], [1, 2, 4]
    earlier = [BadRow("a.jsonl", 4, 9, "it is no JSON")]
    found = Objects("a.jsonl").batch(records, numbers, [5, 6, 10], earlier, 5)
    assert (found.rows, found.numbers.tolist(), found.met) == ([["b"]], [2], 5)
    assert [(row.row, row.line) for row in found.bad] == [(2, 5), (4, 9), (5, 10)]


def test_one_column_cannot_have_two_names() -> None:
    with pytest.raises(UserError, match="10,001 columns"):
        batch(Objects("a.jsonl"), {str(number): 1 for number in range(10_001)})
