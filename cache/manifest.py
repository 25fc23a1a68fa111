"""The manifest: what a finished cache holds, block by block. It is written last."""

import dataclasses
import hashlib
import re
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int, Shaped

from cache.errors import CacheError
from cache.recipe import FORMAT, check_format

SPLITS = ("train", "valid", "test")
ARRAYS = ("hidden", "lengths", "labels", "rows", "pooled")
_BLOCK_NAME = re.compile(r"\d{5,9}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Block(NamedTuple):
    """The features of a fixed run of rows of one split.

    Attributes:
        hidden: last hidden states of the real tokens, row after row, `[n, d]`.
        lengths: tokens of each row, `[b]` int32; row i owns the next `lengths[i]` rows of `hidden`.
        labels: class of each row, `[b]` int32.
        rows: position of each row in the data file, counted from 0, `[b]` int64.
        pooled: first, maximum and mean vector of each row's real tokens, `[b, 3, d]`.
    """

    hidden: Float[np.ndarray, "n d"]
    lengths: Int[np.ndarray, " b"]
    labels: Int[np.ndarray, " b"]
    rows: Int[np.ndarray, " b"]
    pooled: Float[np.ndarray, "b 3 d"]


@dataclasses.dataclass(frozen=True)
class BlockRecord:
    """One block's place, size and the SHA-256 of each array's bytes (little-endian, C order).

    Attributes:
        name: its folder's name, below the split's folder.
        start: how many of the split's rows lie before it.
        rows: its rows.
        tokens: its real tokens.
        sha256: 64 hexadecimal digits for each array.
    """

    name: str
    start: int
    rows: int
    tokens: int
    sha256: dict[str, str]

    @classmethod
    def of(cls, name: str, start: int, block: Block) -> "BlockRecord":
        """Describe a block."""
        digests = {field: digest(getattr(block, field)) for field in ARRAYS}
        return cls(name, start, len(block.rows), len(block.hidden), digests)

    @classmethod
    def from_json(cls, fields: Any) -> "BlockRecord":
        """Read one entry of the manifest; a name can never lead out of the cache's folder.

        Raises:
            CacheError: the entry is not what `BlockRecord` writes.
        """
        try:
            record = cls(**fields)
            sound = (
                _BLOCK_NAME.fullmatch(record.name)
                and record.start >= 0
                and 0 < record.rows <= record.tokens < 2**40
                and set(record.sha256) == set(ARRAYS)
                and all(_DIGEST.fullmatch(value) for value in record.sha256.values())
            )
        except (TypeError, AttributeError):
            sound = None
        if not sound:
            raise CacheError(f"the manifest holds an entry that describes no block: {str(fields)[:200]}")
        return record


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
        source: names, for people, of the data and the backbone, and what was left out of the data.
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
        """Return the manifest as a JSON object."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "Manifest":
        """Rebuild a manifest from `to_json`.

        Raises:
            CacheError: it has another format, or is not what `to_json` writes.
        """
        check_format(fields)
        try:
            blocks = {name: _block_records(entries) for name, entries in fields["splits"].items()}
            manifest = cls(**{**fields, "splits": blocks})
        except (TypeError, KeyError, AttributeError) as error:
            raise CacheError(f"the manifest is not one of ours: {error}") from None
        _check_totals(manifest)
        return manifest


def digest(values: Shaped[np.ndarray, "..."]) -> str:
    """SHA-256 of an array's little-endian bytes in C order."""
    little = values.astype(values.dtype.newbyteorder("<"), copy=False)
    return hashlib.sha256(np.ascontiguousarray(little).view(np.uint8).data).hexdigest()


def _block_records(entries: list[Any]) -> list[BlockRecord]:
    return [BlockRecord.from_json(entry) for entry in entries]


def _check_totals(manifest: Manifest) -> None:
    blocks = [block for split in manifest.splits.values() for block in split]
    if not set(manifest.splits) <= set(SPLITS):
        raise CacheError(f"the manifest names other splits than {', '.join(SPLITS)}")
    if sum(block.rows for block in blocks) != manifest.rows:
        raise CacheError("the manifest's blocks do not add up to its number of rows")
    if sum(block.tokens for block in blocks) != manifest.tokens:
        raise CacheError("the manifest's blocks do not add up to its number of tokens")
