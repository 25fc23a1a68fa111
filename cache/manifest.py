"""The manifest: what a finished cache holds, block by block. It is written last."""

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

from cache.block import BlockRecord
from cache.errors import CacheError
from cache.recipe import FORMAT, check_format
from cache.seal import check_types, seal, unseal

SPLITS = ("train", "valid", "test")
NAME = "manifest.json"
MAX_WIDTH = 2**16


@dataclasses.dataclass(frozen=True)
class Manifest:
    """Everything about a finished cache except the recipe and the arrays.

    Attributes:
        key: the recipe's key.
        rows: rows in all splits together.
        tokens: real tokens in all splits together.
        width: length d of a hidden vector.
        dtype: storage dtype of `hidden` and `pooled`.
        splits: the blocks of each split, in row order.
        padding_waste: share of the computed tokens that were padding.
        seconds: wall clock of clean, tokenize, compile, backbone, write and total.
        device: kind and number of the devices.
        versions: releases of the libraries that took part.
        source: for people: names of the data and the backbone, and the command.
    """

    key: str
    rows: int
    tokens: int
    width: int
    dtype: str
    splits: dict[str, list[BlockRecord]]
    padding_waste: float
    seconds: dict[str, float]
    device: dict[str, Any]
    versions: dict[str, str]
    source: dict[str, Any]
    format: int = FORMAT

    def blocks(self) -> Iterator[tuple[str, BlockRecord]]:
        """Name of the split, and record, of every block."""
        for split, records in self.splits.items():
            for record in records:
                yield split, record

    def extended(self, later: "Manifest") -> "Manifest":
        """Return the manifest of both runs' splits: sizes and seconds add up, the rest is the later run's."""
        splits = {**self.splits, **later.splits}
        tokens = self.tokens + later.tokens
        computed = sum(run.tokens / (1 - run.padding_waste) for run in (self, later))
        phases = {**self.seconds, **later.seconds}
        return dataclasses.replace(
            later,
            rows=self.rows + later.rows,
            tokens=tokens,
            splits={name: splits[name] for name in SPLITS if name in splits},
            padding_waste=1 - tokens / computed,
            seconds={name: self.seconds.get(name, 0) + later.seconds.get(name, 0) for name in phases},
        )

    def to_json(self) -> dict[str, Any]:
        """Return the manifest as a sealed JSON object."""
        return seal(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, sealed: dict[str, Any]) -> "Manifest":
        """Rebuild a manifest from `to_json`.

        Raises:
            CacheError: it has another format, was changed, or is not what `to_json` writes.
        """
        check_format(sealed)
        fields = unseal(sealed, NAME)
        check_types(cls, fields, NAME)
        blocks = {name: _block_records(name, entries) for name, entries in fields["splits"].items()}
        manifest = cls(**{**fields, "splits": blocks})
        _check_sizes(manifest)
        return manifest


def _block_records(split: str, entries: Any) -> list[BlockRecord]:
    if split not in SPLITS:
        raise CacheError(f"{NAME} names the split {split[:20]!r}; there are {', '.join(SPLITS)}")
    if not isinstance(entries, list):
        raise CacheError(f"{NAME} is not one of ours: the split {split} is no list of blocks")
    records = [BlockRecord.from_json(entry) for entry in entries]
    starts = [0]
    for record in records:
        if record.start != starts[-1]:
            raise CacheError(
                f"{NAME}: block {split}/{record.name} does not start where the one before it ends"
            )
        starts.append(record.start + record.rows)
    if len({record.name for record in records}) != len(records):
        raise CacheError(f"{NAME} names a block of the split {split} twice")
    return records


def _check_sizes(manifest: Manifest) -> None:
    records = [record for _, record in manifest.blocks()]
    if sum(record.rows for record in records) != manifest.rows:
        raise CacheError(f"{NAME}: the blocks do not add up to {manifest.rows} rows")
    if sum(record.tokens for record in records) != manifest.tokens:
        raise CacheError(f"{NAME}: the blocks do not add up to {manifest.tokens} tokens")
    if not 0 < manifest.width <= MAX_WIDTH:
        raise CacheError(f"{NAME}: {manifest.width} is no width of a hidden vector")
    if manifest.dtype not in ("float16", "bfloat16", "float32"):
        raise CacheError(f"{NAME}: {manifest.dtype[:20]!r} is no storage dtype")
    if not (math.isfinite(manifest.padding_waste) and 0 <= manifest.padding_waste < 1):
        raise CacheError(f"{NAME}: {manifest.padding_waste} is no share of padding")
