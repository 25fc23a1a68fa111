"""One table of random values has one task, the same labels, one digest and the same splits, however it is written."""

import csv
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.cache import UserError
from headstart.cache.task import Task
from headstart.extract.dataset.dataset import Dataset
from headstart.extract.settings import Settings
from headstart.extract.splits.splitter import choose_splitter

from ..conftest import dataset_of

Write = Callable[[Any], Any]
"""A value to a cell: a string of CSV and TSV, or what JSON and Parquet hold."""

PLAIN = pa.string()
CODED = pa.dictionary(pa.int32(), pa.string())

WAYS: dict[str, list[tuple[str, Write, Any]]] = {
    "numbers": [
        (".csv", str, None),
        (".csv", lambda value: f"{value}.0", None),
        (".tsv", lambda value: f" {value:.2f} ", None),
        (".tsv", lambda value: f"{value:+d}", None),
        (".csv", lambda value: f"{value:e}", None),
        (".jsonl", int, None),
        (".jsonl", float, None),
        (".jsonl", str, None),
        *[(".parquet", int, kind) for kind in (pa.int8(), pa.int64(), pa.dictionary(pa.int8(), pa.int64()))],
        *[(".parquet", float, kind) for kind in (pa.float32(), pa.float64())],
        (".parquet", Decimal, pa.decimal128(9, 2)),
        (".parquet", Decimal, pa.decimal256(40, 0)),
        *[(".parquet", str, kind) for kind in (PLAIN, CODED, pa.large_string(), pa.binary())],
    ],
    "fractions": [
        (".csv", str, None),
        (".tsv", lambda value: f"{value:.2f}", None),
        (".jsonl", float, None),
        (".jsonl", lambda value: f"{value:.3f}", None),
        *[(".parquet", float, kind) for kind in (pa.float32(), pa.float64())],
        (".parquet", lambda value: Decimal(f"{value:.2f}"), pa.decimal128(9, 2)),
        (".parquet", str, PLAIN),
    ],
    "truth": [
        (".csv", str, None),
        (".tsv", lambda value: str(value).upper(), None),
        (".jsonl", bool, None),
        (".jsonl", lambda value: str(value).lower(), None),
        (".parquet", bool, pa.bool_()),
        (".parquet", str, CODED),
    ],
    "words": [
        (".csv", str, None),
        (".tsv", lambda value: f" {value}", None),
        (".jsonl", str, None),
        *[(".parquet", str, kind) for kind in (PLAIN, CODED, pa.large_string(), pa.binary())],
    ],
    "vectors": [
        (".csv", json.dumps, None),
        (".csv", lambda value: json.dumps([*map(float, value)]), None),
        (".csv", lambda value: str([*map(bool, value)]), None),
        (".tsv", lambda value: str(np.array(value)), None),
        (".tsv", lambda value: str(np.array(value, float)), None),
        (".csv", lambda value: str([*np.array(value)]), None),
        (".jsonl", list, None),
        (".jsonl", lambda value: [*map(float, value)], None),
        (".jsonl", lambda value: [*map(bool, value)], None),
        (".jsonl", json.dumps, None),
        *[(".parquet", list, pa.list_(kind)) for kind in (pa.int8(), pa.float64(), pa.float32())],
        (".parquet", list, pa.list_(pa.uint8(), 3)),
        (".parquet", lambda value: [*map(bool, value)], pa.list_(pa.bool_())),
        (".parquet", lambda value: [*map(Decimal, value)], pa.list_(pa.decimal128(9, 2))),
        (".parquet", json.dumps, PLAIN),
    ],
    "indices": [
        (".csv", json.dumps, None),
        (".tsv", lambda value: json.dumps([*map(float, value)]), None),
        (".csv", lambda value: str(np.array(value)) if value else "[]", None),
        (".jsonl", list, None),
        *[(".parquet", list, pa.list_(kind)) for kind in (pa.int8(), pa.float64())],
        (".parquet", lambda value: [*map(Decimal, value)], pa.list_(pa.decimal128(9, 2))),
    ],
    "names": [
        (".csv", json.dumps, None),
        (".csv", str, None),
        (".tsv", lambda value: str(np.array(value)) if value else "[]", None),
        (".jsonl", list, None),
        (".parquet", list, pa.list_(PLAIN)),
        (".parquet", list, pa.list_(CODED)),
    ],
}
"""For each kind of values the ways to write them: ending, cell, and the type of a Parquet column."""

NUMBERS = st.sampled_from([st.integers(0, 1), st.integers(0, 4), st.integers(-1, 2), st.integers(-5, 100)])
VALUES: dict[str, st.SearchStrategy[list[Any]]] = {
    "numbers": NUMBERS.flatmap(lambda number: st.lists(number, min_size=12, max_size=20)),
    "fractions": st.lists(st.sampled_from([0.0, 0.1, 0.5, 1.0, 1.25]), min_size=12, max_size=20),
    "truth": st.lists(st.booleans(), min_size=12, max_size=20),
    "words": st.lists(st.sampled_from(["ham", "Spam", "-1", "é", "nan", "007"]), min_size=12, max_size=20),
    "vectors": st.lists(st.lists(st.integers(0, 1), min_size=3, max_size=3), min_size=12, max_size=20),
    "indices": st.lists(st.lists(st.integers(0, 9), max_size=3, unique=True), min_size=12, max_size=20),
    "names": st.lists(st.lists(st.sampled_from(["a", "b c", "d'e"]), max_size=3), min_size=12, max_size=20),
}

Columns = dict[str, tuple[Sequence[Any], Any]]
"""Cells, and the type of a Parquet column."""


def write(path: Path, columns: Columns) -> None:
    """Write a table in the format that its file's ending names."""
    rows = [
        dict(zip(columns, row, strict=True))
        for row in zip(*(cells for cells, _ in columns.values()), strict=True)
    ]
    if path.suffix == ".parquet":
        pq.write_table(pa.table({name: array(cells, kind) for name, (cells, kind) in columns.items()}), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(columns), delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)


def array(cells: Sequence[Any], kind: Any) -> pa.Array:
    if pa.types.is_dictionary(kind):
        return pa.array(cells, kind.value_type).dictionary_encode()
    return pa.array(cells, kind)


def outcome(path: Path, **fields: object) -> tuple[Task, list[Any], str, str] | str:
    """What follows from a file: the error, or all of the rows that is part of a cache's key."""
    settings = Settings(data=str(path), **fields)
    try:
        rows: Dataset = dataset_of(str(path), text_column="text", **fields)
        return rows.task, rows.labels.tolist(), rows.digest(), choose_splitter(settings).describe(rows)
    except UserError as error:
        return str(error).replace(path.name, "FILE").replace(str(path.parent), "")


def outcomes(kind: str, values: list[Any], column: str, **fields: object) -> Iterator[tuple[str, object]]:
    """What follows from each way to write a column."""
    texts = [str(row) if row % 5 else f"text number {row}" for row in range(len(values))]  # some are numbers
    texts[3] = "3.0"
    with tempfile.TemporaryDirectory() as folder:
        for place, (ending, way, arrow) in enumerate(WAYS[kind]):
            columns: Columns = {"text": (texts, PLAIN), column: ([*map(way, values)], arrow)}
            if column != "label":
                columns["label"] = ([*"ab"] * len(values))[: len(values)], PLAIN
            path = Path(folder) / f"{place}{ending}"
            write(path, columns)
            yield f"{place}{ending} {arrow}", outcome(path, label_column="label", **fields)


@pytest.mark.parametrize("kind", VALUES)
def test_labels_mean_the_same_in_every_format(kind: str) -> None:
    @settings(deadline=None, max_examples=4)
    @given(VALUES[kind])
    def check(values: list[Any]) -> None:
        found = dict(outcomes(kind, values, "label"))
        first = next(iter(found.values()))
        if isinstance(first, str):  # the cells that a message quotes may be spelled in another way
            assert {type(one) for one in found.values()} == {str}
        else:
            assert found == dict.fromkeys(found, first)

    check()


def test_a_group_is_the_same_in_every_format() -> None:
    values = [7, -1, 0, 3, 12, 5, 5, 100, 7, 0, 8, 9, 3, 1]
    found = dict(outcomes("numbers", values, "user", group_column="user"))
    first = next(iter(found.values()))
    assert isinstance(first, tuple)
    assert found == dict.fromkeys(found, first)


@pytest.mark.parametrize("kind", ["numbers", "truth"])
def test_the_names_of_the_classes_fit_every_spelling(kind: str) -> None:
    values = [int(row % 3 == 0) for row in range(12)]
    for way, found in outcomes(
        kind, [*map(bool, values)] if kind == "truth" else values, "label", class_names="1,0"
    ):
        assert isinstance(found, tuple), (way, found)
        assert found[:2] == (Task("binary", ("1", "0")), [1 - value for value in values]), way


def test_several_columns_of_flags(tmp_path: Path) -> None:
    values = [row % 2 for row in range(10)]
    first = None
    for place, (ending, way, arrow) in enumerate([*WAYS["numbers"], *WAYS["truth"]]):
        cells = [*map(way, map(bool, values) if place >= len(WAYS["numbers"]) else values)]
        texts = [f"text {row}" for row in range(10)]
        columns: Columns = {"text": (texts, PLAIN), "a": (cells, arrow), "b": (cells[::-1], arrow)}
        write(path := tmp_path / f"{place}{ending}", columns)
        found = outcome(path, label_column="a,b")
        first = first or found
        assert found == first
        assert isinstance(found, tuple), found
        assert found[1] == [[value, 1 - value] for value in values]
