"""The manifest: what a finished cache holds, block by block. It is written last."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from headstart.cache.block import BlockRecord
from headstart.cache.recipe import FORMAT, WIDEST, check_format
from headstart.cache.runtime.errors import CacheError
from headstart.cache.seal import check_types, seal, unseal
from headstart.cache.splits import SPLITS, rows_split, split_order
from headstart.cache.storage.store import Store

NAME = "manifest.json"
MAX_SECONDS = 1e9  # thirty years
FOR_PEOPLE = ("device", "accuracy", "versions", "source")
DTYPES = ("float16", "bfloat16", "float32")


@dataclasses.dataclass(frozen=True)
class Manifest:
    """Everything about a finished cache except the recipe and the arrays.

    Attributes:
        key: the recipe's key.
        rows: rows in all splits together; a row counts in each view, see `cache.splits`.
        tokens: real tokens in all splits together.
        width: length d of a hidden vector.
        dtype: storage dtype of `hidden` and `pooled`.
        splits: the blocks of each split, in row order.
        padding_waste: share of the computed tokens that were padding.
        seconds: wall clock of clean, tokenize, compile, backbone, write and total; compile and write overlap backbone.
        device: kind and number of the devices.
        accuracy: distances of the vectors from the stock model's in float32, measured on some rows; empty if they
            are that model's.
        versions: releases of the libraries that took part.
        source: names of the data and the backbone, and the command, for people; its paths are as seen from the folder
            where the command ran, that of the backbone from the cache's; see `cache.runtime.shared_paths`.
    """

    key: str
    rows: int
    tokens: int
    width: int
    dtype: str
    splits: dict[str, list[BlockRecord]]
    padding_waste: float
    seconds: dict[str, Any]  # not float: a forged file's values are checked, not trusted
    device: dict[str, Any]
    accuracy: dict[str, Any]
    versions: dict[str, str]
    source: dict[str, Any]
    format: int = FORMAT

    def block_rows(self, split: str) -> int:
        """Rows of a split's blocks before the last: with it, `extract` cuts the split as it was cut."""
        return self.splits[split][0].rows

    def blocks(self) -> Iterator[tuple[str, BlockRecord]]:
        """Name of the split, and record, of every block."""
        for split, records in self.splits.items():
            for record in records:
                yield split, record

    def absent(self, store: Store) -> list[str]:
        """Names of the blocks, such as `train/00001`, that are promised here and not there: a repair was stopped."""
        names = [f"{split}/{record.name}" for split, record in self.blocks()]
        present = store.present(f"{name}/block.json" for name in names)
        return [name for name in names if f"{name}/block.json" not in present]

    def extended(self, later: "Manifest") -> "Manifest":
        """Return the manifest of both runs' splits: seconds add up, the rest is the later run's.

        A split that both hold is the later run's. Where it is the same once more, as after a repair, so is the padding.
        """
        earlier = self.without(set(later.splits))
        computed = sum(run.tokens / (1 - run.padding_waste) for run in (earlier, later))
        repeated = all(self.splits.get(name) == records for name, records in later.splits.items())
        phases = {**self.seconds, **later.seconds}
        return dataclasses.replace(
            later,
            rows=earlier.rows + later.rows,
            tokens=earlier.tokens + later.tokens,
            splits=dict(
                sorted((earlier.splits | later.splits).items(), key=lambda item: split_order(item[0]))
            ),
            padding_waste=self.padding_waste if repeated else 1 - (earlier.tokens + later.tokens) / computed,
            seconds={name: self.seconds.get(name, 0) + later.seconds.get(name, 0) for name in phases},
        )

    def without(self, splits: set[str]) -> "Manifest":
        """Return the manifest of the other splits."""
        left = {name: records for name, records in self.splits.items() if name not in splits}
        records = [record for blocks in left.values() for record in blocks]
        rows, tokens = sum(record.rows for record in records), sum(record.tokens for record in records)
        return dataclasses.replace(self, splits=left, rows=rows, tokens=tokens)

    def to_json(self) -> dict[str, Any]:
        """Return the manifest as a sealed JSON object."""
        splits = {name: [record.to_json() for record in records] for name, records in self.splits.items()}
        return seal({**dataclasses.asdict(self), "splits": splits})

    @classmethod
    def from_json(cls, sealed: dict[str, Any]) -> "Manifest":
        """Rebuild a manifest from `to_json`.

        Raises:
            CacheError: it has another format, was changed, or is not what `to_json` writes.
        """
        check_format(sealed)
        fields = unseal(sealed, NAME)
        check_types(cls, fields, NAME)
        check_facts(NAME, {name: fields[name] for name in FOR_PEOPLE})
        blocks = {name: block_records(NAME, name, entries) for name, entries in fields["splits"].items()}
        manifest = cls(**{**fields, "splits": blocks})
        _check_sizes(manifest)
        return manifest


def _check_sizes(manifest: Manifest) -> None:
    records = [record for _, record in manifest.blocks()]
    rows, tokens = sum(record.rows for record in records), sum(record.tokens for record in records)
    sound = {
        f"{manifest.rows} rows are not those of its blocks": rows == manifest.rows > 0,
        f"{manifest.tokens} tokens are not those of its blocks": tokens == manifest.tokens,
        f"{manifest.width} is no width of a hidden vector": 0 < manifest.width <= WIDEST,
        f"{manifest.dtype[:20]!r} is no storage dtype": manifest.dtype in DTYPES,
        f"{manifest.padding_waste} is no share of padding": 0 <= manifest.padding_waste < 1,
        "its seconds are no seconds": all(map(is_seconds, manifest.seconds.values())),
    }
    for complaint, fits in sound.items():
        if not fits:
            raise CacheError(f"{NAME}: {complaint}")


def block_records(file: str, split: str, entries: Any) -> list[BlockRecord]:
    """Read the blocks of a split, each of which starts where the one before it ends.

    Args:
        file: name of the file that holds them, for messages.
        split: name of the split.
        entries: JSON of the blocks.

    Raises:
        CacheError: there is no such split, or they are no blocks of one.
    """
    if rows_split(split) not in SPLITS:
        raise CacheError(f"{file} names the split {split[:20]!r}; there are {', '.join(SPLITS)}")
    if not isinstance(entries, list):
        raise CacheError(f"{file} is not one of ours: the split {split} is no list of blocks")
    records = [BlockRecord.from_json(entry) for entry in entries]
    start = 0
    for record in records:
        if record.start != start:
            place = f"{split}/{record.name}"
            raise CacheError(f"{file}: block {place} does not start where the one before it ends")
        start += record.rows
    if len({record.name for record in records}) != len(records):
        raise CacheError(f"{file} names a block of the split {split} twice")
    return records


def check_facts(file: str, facts: Mapping[str, dict[str, Any]]) -> None:
    """Check that what is there for people is short: names, numbers, and lists of them.

    Args:
        file: name of the file that holds them, for messages.
        facts: the facts, by the name of their field.

    Raises:
        CacheError: it is not.
    """
    for name, values in facts.items():
        parts = [
            part for value in values.values() for part in (value if isinstance(value, list) else [value])
        ]
        if not all(part is None or isinstance(part, str | int | float) for part in parts):
            raise CacheError(f"{file}: its {name} holds more than names and numbers")


def is_seconds(value: object) -> bool:
    """Whether a value is a time that a run may have taken."""
    return type(value) in (int, float) and 0 <= value < MAX_SECONDS  # type: ignore[operator]
