"""What a manifest must be to be taken, and what two runs make of theirs."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from headstart.cache import CacheError, open_cache
from headstart.cache.block import BlockRecord
from headstart.cache.manifest import Manifest, block_records, check_facts, is_seconds
from headstart.cache.recipe import LAYOUTS
from headstart.cache.seal import seal

from .conftest import RECIPE, manifest_of, random_block


def edit(path: Path, **change: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | change))


def forge(path: Path, **change: object) -> None:
    """Change a sealed file and seal it again, as someone who means harm would."""
    fields = json.loads(path.read_text()) | change
    del fields["checksum"]
    path.write_text(json.dumps(seal(fields)))


def records(*rows: int) -> list[BlockRecord]:
    starts = [sum(rows[:number]) for number in range(len(rows))]
    return [
        BlockRecord.of(f"{number:05d}", start, random_block(count, seed=number))
        for number, (start, count) in enumerate(zip(starts, rows, strict=True))
    ]


def test_there_and_back() -> None:
    manifest = manifest_of(RECIPE, {"train": records(5, 3), "test": records(2)})
    assert Manifest.from_json(json.loads(json.dumps(manifest.to_json()))) == manifest
    assert [(split, record.rows) for split, record in manifest.blocks()] == [
        ("train", 5), ("train", 3), ("test", 2),
    ]  # fmt: skip
    assert manifest.block_rows("train") == 5


def test_two_runs_add_up() -> None:
    train, test, again = records(5, 3), records(4), records(6)
    one = manifest_of(RECIPE, {"test": test, "valid": records(2)})
    one = dataclasses.replace(one, padding_waste=0.5, seconds={"clean": 1.0, "total": 3.0})
    other = manifest_of(RECIPE, {"valid": again, "train": train})
    other = dataclasses.replace(other, padding_waste=0.0, seconds={"write": 2.0, "total": 4.0})
    both = one.extended(other)
    assert both.splits == {"train": train, "valid": again, "test": test}
    assert list(both.splits) == ["train", "valid", "test"]
    assert (both.rows, both.tokens) == (18, sum(record.tokens for record in [*train, *test, *again]))
    assert both.seconds == {"clean": 1.0, "write": 2.0, "total": 7.0}
    computed = 2 * test[0].tokens + other.tokens  # the replaced split counts no more
    assert both.padding_waste == pytest.approx(1 - both.tokens / computed)


def test_the_padding_of_a_split_that_was_computed_twice_is_what_it_was() -> None:
    whole = manifest_of(RECIPE, {"train": records(5, 3), "test": records(2)})
    train = dataclasses.replace(manifest_of(RECIPE, {"train": records(5, 3)}), padding_waste=0.123)
    assert whole.extended(train).padding_waste == whole.padding_waste
    assert whole.extended(train).extended(train).splits == whole.splits
    other = dataclasses.replace(train, splits={"train": records(3, 5)})
    assert whole.extended(other).padding_waste != whole.padding_waste


def test_without_a_split() -> None:
    manifest = manifest_of(RECIPE, {"train": records(5, 3), "test": records(2)})
    left = manifest.without({"train", "valid"})
    assert list(left.splits) == ["test"]
    assert (left.rows, left.tokens) == (2, records(2)[0].tokens)


@pytest.mark.parametrize("name", ["recipe.json", "manifest.json"])
def test_another_format_is_refused(cache_path: str, name: str) -> None:
    edit(Path(cache_path) / name, format=99)
    with pytest.raises(CacheError, match="format 99, this version reads format"):
        open_cache(cache_path)


def test_any_edit_of_the_manifest_is_found_out(cache_path: str) -> None:
    edit(Path(cache_path) / "manifest.json", padding_waste=0.1)
    with pytest.raises(CacheError, match=r"manifest.json was changed after it was written"):
        open_cache(cache_path)


ENTRY = {
    "name": "00000",
    "start": 0,
    "rows": 1,
    "tokens": 1,
    "text_bytes": 1,
    "label_columns": 0,
    "positions": 0,
    "sha256": dict.fromkeys(LAYOUTS["ragged"], "0" * 64),
}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"key": "0" * 64}, "belong to different caches"),
        ({"rows": 15}, "15 rows are not those of its blocks"),
        ({"tokens": 1}, "1 tokens are not those of its blocks"),
        ({"rows": "14"}, "rows is a str"),
        ({"width": 2**40}, "no width"),
        ({"dtype": "object"}, "no storage dtype"),
        ({"padding_waste": 1.0}, "no share"),
        ({"seconds": {"total": "x"}}, "are no seconds"),
        ({"seconds": {"total": 10**400}}, "are no seconds"),
        ({"splits": {}, "rows": 0, "tokens": 0}, "0 rows are not those"),
        ({"splits": {"../../etc": []}}, "names the split"),
        ({"splits": {"train": 5}}, "no list of blocks"),
        ({"splits": {"train": [[]]}}, "describes no block"),
        ({"splits": {"train": [ENTRY | {"name": "../../x"}]}}, "describes no block"),
        ({"splits": {"train": [ENTRY | {"name": 5}]}}, "name is a int"),
        ({"splits": {"train": [ENTRY | {"tokens": 2**50}]}}, "describes no block"),
        ({"splits": {"train": [ENTRY | {"text_bytes": 0}]}}, "describes no block"),
        ({"splits": {"train": [ENTRY | {"label_columns": -1}]}}, "describes no block"),
        ({"splits": {"train": [ENTRY | {"positions": -1}]}}, "describes no block"),
        ({"splits": {"train": [ENTRY | {"positions": 2**50}]}}, "describes no block"),
        ({"splits": {"train-view-0": [ENTRY]}}, "names the split"),
        ({"splits": {"train": [ENTRY | {"sha256": {}}]}}, "describes no block"),
        ({"splits": {"train": [ENTRY | {"start": 1}]}}, "does not start where"),
        ({"splits": {"train": [ENTRY, ENTRY | {"start": 1}]}}, "twice"),
        ({"splits": []}, "splits is a list"),
        ({"surprise": 1}, "fields surprise"),
    ],
)
def test_a_forged_manifest_is_an_error(cache_path: str, change: dict[str, object], says: str) -> None:
    forge(Path(cache_path) / "manifest.json", **change)
    with pytest.raises(CacheError, match=says):
        open_cache(cache_path)


@pytest.mark.parametrize("text", ["", "{", "[1]", "[" * 100_000, '{"format": NaN}'])
def test_garbage_instead_of_a_manifest(cache_path: str, text: str) -> None:
    (Path(cache_path) / "manifest.json").write_text(text)
    with pytest.raises(CacheError):
        open_cache(cache_path)


@pytest.mark.parametrize(("split", "entries"), [("elsewhere", []), ("train", 5), ("train", [3])])
def test_what_is_no_split_is_refused(split: str, entries: Any) -> None:
    with pytest.raises(CacheError):
        block_records("some.json", split, entries)


def test_facts_are_names_and_numbers() -> None:
    check_facts("some.json", {"device": {"kind": "cpu", "devices": 2, "names": ["a", None]}})
    with pytest.raises(CacheError, match=r"some\.json: its device"):
        check_facts("some.json", {"device": {"kind": {"deeper": 1}}})


def test_seconds_are_numbers() -> None:
    assert [is_seconds(value) for value in (0, 1.5, True, "1", -1, 1e9, float("nan"))] == [
        True, True, False, False, False, False, False,
    ]  # fmt: skip
