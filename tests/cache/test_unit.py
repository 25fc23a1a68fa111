"""Records of units prove themselves, and join to the splits of a manifest."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from headstart.cache import CacheError
from headstart.cache.block import BlockRecord
from headstart.cache.names import is_ours
from headstart.cache.seal import CHECKSUM, seal
from headstart.cache.storage.store import Store
from headstart.cache.unit import (
    NAME,
    UnitRecord,
    digest_of_units,
    first_block,
    join_units,
    read_unit_record,
    unit_folder,
)

from .conftest import random_block

KEY = "ab" * 32


def record(number: int, rows: tuple[int, ...] = (3, 2)) -> UnitRecord:
    blocks, start = [], 0
    for place, count in enumerate(rows):
        name = f"{first_block(number) + place:05d}"
        blocks.append(BlockRecord.of(name, start, random_block(count, seed=number)))
        start += count
    counts = {"read": sum(rows), "used": sum(rows), "empty": 0, "bad": 0, "unlabelled": 0}
    return UnitRecord(
        KEY, number, f"{number:064x}", "cd" * 32, counts, {"train": blocks}, 9, {"total": 0.5}, {}, {}
    )


def test_a_record_survives_the_disk(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    assert read_unit_record(store, KEY, 7) is None
    store.write_json(f"{unit_folder(7)}/{NAME}", record(7).to_json())
    assert read_unit_record(store, KEY, 7) == record(7)


@pytest.mark.parametrize("change", ["key", "number", "content", "splits", "unknown"])
def test_another_record_is_refused(change: str) -> None:
    sealed = record(7).to_json()
    if change == "unknown":
        sealed["more"] = 1
    elif change == "content":
        sealed["content"] = "00" * 32
    elif change == "splits":
        sealed["splits"]["train"][0]["rows"] = 4
    with pytest.raises(CacheError, match=r"units/0000[78]/unit\.json"):
        UnitRecord.from_json(sealed, "00" * 32 if change == "key" else KEY, 8 if change == "number" else 7)


def test_units_join_in_their_order() -> None:
    splits = join_units([record(0), record(1, ()), record(2, (4,))])
    assert [(block.name, block.start, block.rows) for block in splits["train"]] == [
        ("00000", 0, 3),
        ("00001", 3, 2),
        ("02000", 5, 4),
    ]
    before = record(2, (4,)).splits["train"][0]
    assert splits["train"][2] == dataclasses.replace(before, start=5)


def test_the_digest_stands_for_all_marks_in_order() -> None:
    digests = {digest_of_units(marks) for marks in ([], ["a"], ["a", "b"], ["b", "a"], ["ab"], ["a\nb"])}
    assert len(digests) == 5  # marks are hexadecimal: none holds the end of a line


@pytest.mark.parametrize(
    "name", ["units/", "units/00012/", "units/00012/unit.json", "units/123456/lock.json"]
)
def test_their_names_are_ours(name: str) -> None:
    assert is_ours(name)
    assert not is_ours(name.replace("unit", "mine", 1))


FORGED = {
    "a split that is no list": ("splits", {"train": 5}),
    "a block that is no object": ("splits", {"train": [None]}),
    "a split outside": ("splits", {"../train": []}),
    "counts of nothing": ("counts", {}),
    "counts below zero": ("counts", {"read": 0, "used": -1, "empty": 0, "bad": 0, "unlabelled": 0}),
    "seconds in words": ("seconds", {"total": "long"}),
    "a forest of facts": ("device", {"kind": {"a": {}}}),
    "accuracy in words": ("accuracy", {"min_cosine": "good"}),
    "endless tokens": ("padded_tokens", 10**400),
    "a mark that is none": ("mark", None),
}


@pytest.mark.parametrize(("field", "value"), FORGED.values(), ids=[*FORGED])
def test_a_forged_record_is_refused(field: str, value: Any) -> None:
    sealed = seal({name: v for name, v in {**record(7).to_json(), field: value}.items() if name != CHECKSUM})
    with pytest.raises(CacheError, match=r"units/00007/unit\.json|the manifest"):
        UnitRecord.from_json(sealed, KEY, 7)


def test_blocks_of_another_unit_are_refused() -> None:
    forged = dataclasses.replace(record(7), splits=record(8).splits)
    with pytest.raises(CacheError, match="blocks of other units"):
        UnitRecord.from_json(forged.to_json(), KEY, 7)
