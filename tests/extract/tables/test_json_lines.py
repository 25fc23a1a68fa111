"""JSON Lines beside `json`: numbers keep their digits, lists and objects are JSON."""

import json
from pathlib import Path

import pytest

from headstart.extract.tables import json_lines
from headstart.extract.tables.reader import read_batches, read_chunks

from .formats import whole


def test_values_of_json_are_the_text_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a":1.50,"b":true,"c":null}\n\n{"a":-3e5,"d":["x",1],"c":{"k":[]}}\n')
    table = whole(str(path))
    assert table.columns.tolist() == ["a", "b", "c", "d"]
    assert table.to_numpy().tolist() == [
        ["1.50", "true", "", ""],
        ["-3e5", "", '{"k":[]}', '["x","1"]'],
    ]
    (batch,) = read_batches(str(path))
    assert [batch.nested(name) for name in "abcd"] == [[], [], [1], [1]]


def test_json_is_read_as_it_comes(tmp_path: Path) -> None:
    """A file of many rows is read in chunks of at most so many."""
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"text": f"t {row}"}) + "\n" for row in range(1000)))
    sizes = [len(chunk.table) for chunk in read_chunks(str(path), rows=300)]
    assert sizes == [300, 300, 300, 100]


@pytest.mark.parametrize("values", ["[{}0]", '{{"k":[[],{}{{}}]}}', '["x",{}null]'])
def test_a_row_of_more_values_than_any_has_is_bad(
    values: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_lines, "MOST_ITEMS", 1000)
    path = tmp_path / "a.jsonl"
    rows = [values.format("1," * count) for count in (10, 1100)]
    path.write_text("".join(f'{{"text":"a","label":{row}}}\n' for row in rows))
    (batch,) = read_batches(str(path))
    assert batch.column("text") == ["a"]
    assert [str(bad).partition(": ")[2] for bad in batch.bad] == ["it holds more than 1,000 values"]
