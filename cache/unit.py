"""What a worker has done: the record of a unit of the data, written when all of its blocks are there.

A cache that workers fill has one of them for each unit, `units/<number>/unit.json`; the manifest is made of all.
"""

import dataclasses
import hashlib
from collections.abc import Iterable
from typing import Any

from headstart.cache.block import BlockRecord
from headstart.cache.manifest import block_records, check_facts, is_seconds
from headstart.cache.runtime.errors import CacheError
from headstart.cache.seal import check_types, seal, unseal
from headstart.cache.splits import split_order
from headstart.cache.storage.store import Store

NAME = "unit.json"
FOLDER = "units"
COUNTS = ("read", "used", "empty", "bad", "unlabelled")
"""What a worker counts."""
MOST_UNITS = 1_000_000
MOST_TOKENS = 2**48
"""Tokens that no unit has: with them, a share of padding is still below 1."""
MOST_BLOCKS = 1_000
"""Blocks of a split that one unit may have: block `n` of unit `u` has the number `1000 u + n`."""


@dataclasses.dataclass(frozen=True)
class UnitRecord:
    """A unit of the data, as it was read and computed.

    Attributes:
        key: key of the cache's recipe.
        number: the unit's place among all.
        mark: SHA-256 of what tells the unit from others without reading it.
        content: SHA-256 of position, label and text of the rows that are used.
        counts: rows that were read, used, without text, bad, without a label.
        splits: the unit's blocks of each split; their `start` counts the unit's rows of the split alone.
        padded_tokens: tokens that the backbone computed, padding included.
        seconds: wall clock of each phase.
        device: kind and number of the devices.
        accuracy: see `cache.manifest`; empty where nothing was compared.
    """

    key: str
    number: int
    mark: str
    content: str
    counts: dict[str, int]
    splits: dict[str, list[BlockRecord]]
    padded_tokens: int
    seconds: dict[str, Any]
    device: dict[str, Any]
    accuracy: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return the record as a sealed JSON object."""
        splits = {name: [record.to_json() for record in records] for name, records in self.splits.items()}
        return seal({**vars(self), "splits": splits})

    @classmethod
    def from_json(cls, sealed: dict[str, Any], key: str, number: int) -> "UnitRecord":
        """Rebuild a record from `to_json`.

        Args:
            sealed: the JSON object.
            key: key of the recipe that it has to belong to.
            number: the unit's place.

        Raises:
            CacheError: it was changed, or is that of another unit, or of another cache.
        """
        name = f"{FOLDER}/{number:05d}/{NAME}"
        fields = unseal(sealed, name)
        check_types(cls, fields, name)
        splits = {split: block_records(name, split, entries) for split, entries in fields["splits"].items()}
        record = cls(**{**fields, "splits": splits})
        if (record.key, record.number) != (key, number):
            raise CacheError(f"{name} is the record of another unit, or of another cache")
        _check(record, name)
        return record


def _check(record: UnitRecord, name: str) -> None:
    """Refuse what no worker writes: another unit's blocks, or numbers that cannot be added to those of others."""
    check_facts(name, {"device": record.device, "accuracy": record.accuracy})
    first = first_block(record.number)
    numbers = [int(block.name) for blocks in record.splits.values() for block in blocks]
    cosine = record.accuracy.get("min_cosine", 1.0)
    sound = {
        "it names blocks of other units": all(first <= n < first + MOST_BLOCKS for n in numbers),
        "its counts are none": {*COUNTS} == {*record.counts} and min(record.counts.values()) >= 0,
        f"{record.padded_tokens} tokens are none": 0 <= record.padded_tokens <= MOST_TOKENS,
        "its seconds are no seconds": all(map(is_seconds, record.seconds.values())),
        "its accuracy is none": type(cosine) in (int, float),
    }
    for complaint, fits in sound.items():
        if not fits:
            raise CacheError(f"{name} is not one of ours: {complaint}")


def unit_folder(number: int) -> str:
    """Folder of a unit's record and lock, relative to the cache."""
    return f"{FOLDER}/{number:05d}"


def read_unit_record(store: Store, key: str, number: int) -> UnitRecord | None:
    """Read the record of a unit; None if there is none.

    Raises:
        CacheError: it was changed, or is that of another unit, or of another cache.
    """
    sealed = store.read_json(f"{unit_folder(number)}/{NAME}")
    return UnitRecord.from_json(sealed, key, number) if sealed else None


def digest_of_units(marks: Iterable[str]) -> str:
    """SHA-256 that stands for all units, in their order: what the recipe of a cache says of its rows."""
    return hashlib.sha256("\n".join(["units", *marks]).encode()).hexdigest()


def join_units(units: Iterable[UnitRecord]) -> dict[str, list[BlockRecord]]:
    """The blocks of all units, split by split, each behind the rows of those before it."""
    splits: dict[str, list[BlockRecord]] = {}
    for unit in units:
        for split, records in unit.splits.items():
            blocks = splits.setdefault(split, [])
            before = blocks[-1].start + blocks[-1].rows if blocks else 0
            blocks += [dataclasses.replace(record, start=before + record.start) for record in records]
    return dict(sorted(splits.items(), key=lambda item: split_order(item[0])))


def first_block(unit: int) -> int:
    """Number of a unit's first block of each split."""
    return unit * MOST_BLOCKS
