"""Kept columns as text and as JSON."""

import datetime
import decimal
import json

import pandas as pd
import pyarrow as pa
import pytest

from headstart.train.predict.kept_columns import as_arrow, as_cells, as_json

JSON = ["7", "1.50", "null", "true", '"007"', '"a\\nb"', '{"a": [1, null]}']


def test_json_keeps_its_digits() -> None:
    column = pa.ExtensionArray.from_storage(pa.json_(pa.string()), pa.array(JSON))
    assert as_json(column) == JSON
    assert as_cells(column) == ["7", "1.50", "", "true", "007", "a\nb", '{"a": [1, null]}']


@pytest.mark.parametrize(
    ("array", "cells", "values"),
    [
        (pa.array([9007199254740993, None]), ["9007199254740993", ""], [9007199254740993, None]),
        (pa.array([0.1, float("nan"), float("inf")]), ["0.1", "", "inf"], [0.1, None, None]),
        (pa.array([True, None]), ["true", ""], [True, None]),
        (pa.array([decimal.Decimal("1.50")]), ["1.50"], [1.5]),
        (pa.array(["a", "", None]), ["a", "", ""], ["a", "", None]),
        (pa.array([b"a", b"\xff"]), ["a", "\\xff"], ["a", "\\xff"]),
        (pa.array([[1, None], None]), ["[1, null]", ""], [[1, None], None]),
        (pa.array([{"a": decimal.Decimal("2.5")}]), ['{"a": 2.5}'], [{"a": 2.5}]),
        (pa.array([datetime.date(2020, 1, 2)]), ["2020-01-02"], ["2020-01-02"]),
        (
            pa.array([datetime.datetime(2020, 1, 2, 3)], pa.timestamp("ns", "UTC")),
            ["2020-01-02 03:00:00+00:00"],
            ["2020-01-02T03:00:00+00:00"],
        ),
        (pa.array([datetime.timedelta(days=1)]), ["1 day, 0:00:00"], ["1 day, 0:00:00"]),
    ],
)
def test_columns_with_types(array: pa.Array, cells: list[str], values: list[object]) -> None:
    assert as_cells(array) == cells
    assert [json.loads(text) for text in as_json(array)] == values


def test_series_and_lists_become_arrays() -> None:
    assert as_arrow(["a", "b"]).type == as_arrow(pd.Series(["a"], dtype=str)).type == pa.string()
    typed = pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([[1], [2]])))
    assert as_arrow(typed).to_pylist() == [1, 2]
