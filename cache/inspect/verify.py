"""Prove a finished cache, or name each bad block and why."""

import dataclasses
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from headstart.cache.block import BlockRecord, read_record
from headstart.cache.names import block_of, group_of, is_ours
from headstart.cache.reader import Cache
from headstart.cache.runtime.errors import CacheError
from headstart.cache.splits import SPLITS, view_number
from headstart.cache.storage.arrays import DamagedError
from headstart.cache.storage.groups import group_flaw
from headstart.cache.texts import unpack
from headstart.cache.unit import (
    NAME,
    UnitRecord,
    digest_of_units,
    join_units,
    read_unit_record,
    unit_folder,
)

SMALL = ("lengths", "labels", "rows", "groups")
LARGE = ("hidden", "pooled", "layers")


class Problem(NamedTuple):
    """Something that is not as it was written.

    Attributes:
        split: the split concerned; empty for the cache as a whole.
        block: the block's name; empty for the split as a whole.
        kind: one word: missing, truncated, checksum, metadata, unsafe, record, lengths, labels,
            texts, rows, groups, values, group, unit, stray.
        detail: the rest, for people.
    """

    split: str
    block: str
    kind: str
    detail: str

    def __str__(self) -> str:
        place = "/".join(filter(None, (self.split, self.block))) or "cache"
        return f"{place}: {self.kind}: {self.detail}"


def verify(cache: Cache, full: bool = True) -> list[Problem]:
    """Check everything that can be checked without the data and the backbone.

    Args:
        cache: an opened cache; opening it has proved recipe and manifest.
        full: read all arrays, and compare all content with its SHA-256; else only the small arrays.
    """
    problems: list[Problem] = []
    seen: dict[int, dict[int, str]] = {}
    for split, record in cache.manifest.blocks():
        bad, rows = _check_block(cache, split, record, full)
        places = seen.setdefault(view_number(split), {})  # a view holds the rows of train once more
        problems += [*bad, *_check_twice(places, split, record, rows)]
    return [*problems, *_check_never(cache), *_check_views(cache), *_check_files(cache)]


def _check_block(
    cache: Cache, split: str, record: BlockRecord, full: bool
) -> tuple[list[Problem], list[int]]:
    """Check one block; returns its problems, and its `rows` as far as they could be read."""
    problems = list(_check_record(cache, split, record))
    if any(problem.kind == "missing" for problem in problems):
        return problems, []
    arrays: dict[str, np.ndarray] = {}
    for field in record.arrays if full else [field for field in record.arrays if field in SMALL]:
        try:
            arrays[field] = cache.read(split, record, field)
        except DamagedError as error:
            detail = _known_elsewhere(cache, split, record, field) or error.detail
            problems.append(Problem(split, record.name, error.kind, f"{field}: {detail}"))
        except CacheError as error:
            problems.append(Problem(split, record.name, "unsafe", f"{field}: {error}"))
    contents = [Problem(split, record.name, *flaw) for flaw in _check_contents(cache, record, arrays)]
    return problems + contents, arrays["rows"].tolist() if "rows" in arrays else []


def _check_record(cache: Cache, split: str, record: BlockRecord) -> Iterator[Problem]:
    kind, detail = "record", "block.json describes another block than the manifest"
    try:
        fields = cache.store.read_json(f"{split}/{record.name}/block.json")
        if fields is None:
            kind, detail = "missing", "there is no block.json: the block is still to be computed"
        else:
            stored = read_record(fields, cache.manifest.key, split, record.name)
            if cache.recipe.units:  # what a worker wrote, who knows no other unit
                stored = dataclasses.replace(stored, start=record.start)
            if stored == record:
                return
    except CacheError as error:
        detail = str(error)
    yield Problem(split, record.name, kind, detail)


def _known_elsewhere(cache: Cache, split: str, record: BlockRecord, field: str) -> str | None:
    """Say where a block's content belongs, if its own block.json is another block's of this cache."""
    try:
        fields = cache.store.read_json(f"{split}/{record.name}/block.json") or {}
    except CacheError:
        return None
    digests = fields.get("sha256")
    for other_split, other in cache.manifest.blocks():
        if other.sha256 == digests and (other_split, other) != (split, record):
            return f"holds the block {other_split}/{other.name}"
    fits = isinstance(digests, dict) and digests.get(field) == record.sha256[field]
    return None if fits or not digests else "holds a block of another cache"


def _check_contents(
    cache: Cache, record: BlockRecord, arrays: dict[str, np.ndarray]
) -> Iterator[tuple[str, str]]:
    """Check what the writer should never have written; yields kind and detail."""
    if "lengths" in arrays and not _lengths_fit(cache, record, arrays["lengths"]):
        yield "lengths", f"not all from 1 to {cache.recipe.max_length} and {record.tokens} together"
    if "labels" in arrays and not cache.task.fits(arrays["labels"]):
        yield "labels", f"out of range for a {cache.task.kind} task of {len(cache.task.classes)} classes"
    if "rows" in arrays and (least := arrays["rows"].min()) < 0:
        yield "rows", f"the row {least} is in no data file"
    if "groups" in arrays and not _all_within(arrays["groups"], cache.recipe.row_count):
        yield "groups", f"not all from 0 to {cache.recipe.row_count - 1}"
    if "texts" in arrays and (wrong := _wrong_texts(record, arrays["texts"])):
        yield "texts", wrong
    for field in LARGE:
        if field in arrays and not np.isfinite(arrays[field].astype(np.float32)).all():
            yield "values", f"{field} holds NaN or infinity"


def _lengths_fit(cache: Cache, record: BlockRecord, lengths: np.ndarray) -> bool:
    in_range = ((lengths >= 1) & (lengths <= cache.recipe.max_length)).all()
    return bool(in_range) and int(lengths.sum()) == record.tokens


def _all_within(numbers: np.ndarray, count: int) -> bool:
    return bool(((numbers >= 0) & (numbers < count)).all())


def _wrong_texts(record: BlockRecord, packed: np.ndarray) -> str:
    """Say what is wrong with a block's texts; nothing, if they are right."""
    try:
        count = len(unpack(packed))
    except CacheError as error:
        return str(error)
    return "" if count == record.rows else f"{count} texts for {record.rows} rows"


def _check_twice(seen: dict[int, str], split: str, record: BlockRecord, rows: list[int]) -> Iterator[Problem]:
    """Check that none of a block's rows stands in an earlier block, or twice in this one; adds them to `seen`."""
    for row in rows:
        if row in seen:
            detail = f"row {row} was written twice; it is in {seen[row]} too"
            yield Problem(split, record.name, "rows", detail)
            return
        seen[row] = f"{split}/{record.name}"


def _check_never(cache: Cache) -> Iterator[Problem]:
    """Check that a cache of all splits holds all rows."""
    if cache.recipe.units:
        yield from _check_units(cache)
        return
    held = {split: sum(record.rows for record in cache.manifest.splits.get(split, ())) for split in SPLITS}
    never = cache.recipe.row_count - sum(held.values())
    if all(held.values()) and never:
        yield Problem("", "", "rows", f"{never} rows were never written")


def _check_units(cache: Cache) -> Iterator[Problem]:
    """Check that the manifest names the blocks of all units that the recipe stands for, and no others."""
    records = list[UnitRecord]()
    for number in range(cache.recipe.units):
        try:
            record = read_unit_record(cache.store, cache.recipe.key, number)
        except CacheError as error:
            yield Problem("", "", "unit", str(error))
            return
        if record is None:
            yield Problem("", "", "unit", f"there is no {unit_folder(number)}/{NAME}")
            return
        records.append(record)
    if digest_of_units(record.mark for record in records) != cache.recipe.rows:
        yield Problem("", "", "unit", "the units are not those of the recipe")
    elif join_units(records) != cache.manifest.splits:
        yield Problem("", "", "unit", "the units have other blocks than the manifest")


def _check_views(cache: Cache) -> Iterator[Problem]:
    """Check that every view of the training split is there, with the very rows of that split."""
    splits = cache.manifest.splits
    for name in cache.views if "train" in splits else ():
        plain, view = splits["train"], splits.get(name)
        if view is None:
            yield Problem(name, "", "missing", "the view was never written")
        elif [record.sha256["rows"] for record in view] != [record.sha256["rows"] for record in plain]:
            yield Problem(name, "", "rows", "they are not the rows of train")


def _check_files(cache: Cache) -> Iterator[Problem]:
    names = cache.store.files()
    yield from _check_groups(cache, names)
    yield from _strays(cache, names)


def _check_groups(cache: Cache, names: list[str]) -> Iterator[Problem]:
    """Check what leads other readers of Zarr to the arrays: all of it, unless the cache is from before and has none."""
    groups = {folder for name in names if (folder := group_of(name)) is not None}
    blocks = {block for name in names if (block := block_of(name))}
    expected = {"", *cache.manifest.splits, *blocks} if groups else set()
    for folder in sorted(groups | expected):
        if flaw := group_flaw(cache.store, folder):
            split, _, block = folder.partition("/")
            yield Problem(split, block, "group", flaw)


def _strays(cache: Cache, names: list[str]) -> Iterator[Problem]:
    """Name files that no finished cache holds: blocks beyond the manifest, or a user's own.

    The blocks of a split that the manifest does not name are those of a run that is not finished.
    """
    for name in names:
        if not is_ours(name):
            yield Problem("", "", "stray", f"{name} is not ours; move it away")
    unfinished = {*SPLITS, *cache.views} - set(cache.manifest.splits)
    known = {f"{split}/{record.name}" for split, record in cache.manifest.blocks()}
    stored = {block for name in names if (block := block_of(name)) and block.split("/")[0] not in unfinished}
    for block in sorted(stored - known):
        yield Problem("", "", "stray", f"{block} is not named by the manifest; move it away")
