"""Rows of objects: cells are strings, and later objects may name further columns."""

import json

import pytest

from headstart.extract.tables import records as module
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
    return objects.batch(
        [(number, None, fields) for number, fields in enumerate(records, first)], [], first + len(records)
    )


def test_only_chosen_columns_are_looked_at() -> None:
    objects = Objects("a.jsonl", ["text", "label"])
    one = batch(objects, {"text": "a", "more": "x\0"}, {"label": 1, "text": "b", "more": ["x"]})
    assert (one.header, one.rows, one.numbers.tolist()) == (
        ["text", "label"],
        [["a", ""], ["b", "1"]],
        [0, 1],
    )
    other = batch(objects, {"text": ["x"]}, first=2)
    assert (other.rows, other.nested("text"), other.nested("label")) == ([['["x"]', ""]], [0], [])


def test_many_rows_that_share_a_long_string_are_several_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_AT_ONCE", 1_000)
    shared = "x" * 300
    groups = [[{"text": shared} for _ in range(10)], [{"text": "short"}]]
    batches = list(Objects("a.parquet", ["text"]).batches(groups))
    assert [len(batch.rows) for batch in batches] == [4, 4, 2, 1]
    assert [batch.met for batch in batches] == [4, 8, 10, 11]
    assert all(row[0] is shared for batch in batches[:3] for row in batch.rows)


def test_flawed_objects_are_bad_rows_in_order() -> None:
    records = [(1, 5, {"text": "a\0"}), (2, 6, {"text": "b"}), (4, 10, {"text": "\udc80"})]
    earlier = [BadRow("a.jsonl", 4, 9, "it is no JSON")]
    found = Objects("a.jsonl", ["text"]).batch(records, earlier, 5)
    assert (found.rows, found.numbers.tolist(), found.met) == ([["b"]], [2], 5)
    assert [(row.row, row.line) for row in found.bad] == [(2, 5), (4, 9), (5, 10)]
