"""Find caches, and describe them for people."""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from headstart.cache.block import array_dtype
from headstart.cache.names import block_of
from headstart.cache.reader import Cache, open_cache
from headstart.cache.runtime.errors import CacheError
from headstart.cache.runtime.text import format_bytes, printable
from headstart.cache.splits import view_number
from headstart.cache.storage.arrays import stored_bytes
from headstart.cache.storage.folder import Folder
from headstart.cache.storage.object_store import is_url
from headstart.cache.storage.store import Store
from headstart.cache.task import class_counts

_LENGTH_EDGES = (0, 8, 16, 32, 64, 96, 128, 192, 256, 512)


def find_caches(root: str) -> list[str]:
    """Paths of the folders directly under `root` that hold a recipe, finished or not, sorted by name.

    On an object store, every key under `root` is listed for that.
    """
    if is_url(root):
        keys = (key.partition("/") for key in Store(root).files())
        names = [name for name, _, rest in keys if rest == "recipe.json"]
        return [f"{root.rstrip('/')}/{name}" for name in names]
    if not os.path.isdir(root):
        return []
    paths = (os.path.join(root, name) for name in sorted(os.listdir(root)))
    return [path for path in paths if os.path.isfile(os.path.join(path, "recipe.json"))]


def describe_line(path: str) -> str:
    """One line about one cache; an unfinished or damaged one says so."""
    try:
        facts = _facts(path)
    except (CacheError, OSError) as error:  # a neighbour's is no reason not to list the rest
        facts = printable(str(error))
    return f"{printable(os.path.basename(path)):<50} {facts}"


def summary_of(path: str) -> dict[str, Any]:
    """The facts of `describe_line` for programs; of an unfinished or damaged cache, what is wrong."""
    named = {"name": os.path.basename(path), "path": path}
    try:
        finished = Store(path).exists("manifest.json")
        return summary(open_cache(path)) if finished else named | {"problem": _facts(path)}
    except (CacheError, OSError) as error:
        return named | {"problem": str(error)}


def summary(cache: Cache) -> dict[str, Any]:
    """A cache in numbers: what `--json` prints of it."""
    manifest = cache.manifest
    splits = {name: sum(block.rows for block in blocks) for name, blocks in manifest.splits.items()}
    return {
        "name": cache.name,
        "path": cache.store.location,
        "key": manifest.key,
        "rows": manifest.rows,
        "tokens": manifest.tokens,
        "width": manifest.width,
        "dtype": manifest.dtype,
        "layout": cache.recipe.layout,
        "bytes": cache_bytes(cache),
        "splits": splits,
        "seconds": manifest.seconds,
        "problem": describe_absent(cache) or None,
    }


def details(cache: Cache) -> dict[str, Any]:
    """What `describe` says, for programs."""
    manifest = cache.manifest
    splits = {name: cache.split(name) for name in manifest.splits if not view_number(name)}
    return summary(cache) | {
        "recipe": cache.recipe.to_json(),
        "source": manifest.source,
        "padding_waste": manifest.padding_waste,
        "lengths": {name: np.bincount(split.lengths).tolist() for name, split in splits.items()},
        "classes": {name: dict(class_counts(cache.task, split.labels)) for name, split in splits.items()},
        "device": manifest.device,
        "versions": manifest.versions,
    }


def _facts(path: str) -> str:
    if not (store := Store(path)).exists("manifest.json"):
        return f"unfinished, {len(set(filter(None, map(block_of, store.files()))))} blocks are there"
    cache = open_cache(path)
    if unfinished := describe_absent(cache):
        return unfinished
    manifest, layout = cache.manifest, cache.recipe.layout
    splits = ", ".join(
        f"{split} {sum(b.rows for b in blocks):,}"
        for split, blocks in manifest.splits.items()
        if not view_number(split)
    )
    splits += f", {cache.recipe.views} views of train" if cache.recipe.views else ""
    return f"{manifest.tokens:>12,} tokens  {layout:<6}  {format_bytes(cache_bytes(cache)):>9}  {splits}"


def describe_absent(cache: Cache) -> str:
    """Say that blocks which the manifest promises are still to be computed; nothing, if all are there."""
    absent, promised = len(cache.manifest.absent(cache.store)), len(list(cache.manifest.blocks()))
    return f"unfinished, {promised - absent} of {promised} blocks are there" if absent else ""


def describe(cache: Cache) -> Iterator[str]:
    """Lines about one cache: what it was made from and how, sizes, lengths, class balance, times."""
    manifest = cache.manifest
    source = dict(manifest.source)
    command = source.pop("command", "unknown")
    yield from _section("cache", {"name": cache.name, "key": manifest.key, **source})
    yield from _section("recipe", cache.recipe.to_json())
    yield from _section("size", _sizes(cache))
    for name in manifest.splits:
        if not view_number(name):  # a view has the rows of train
            yield from _section(f"split {name}", _split_facts(cache, name))
    yield from _section("seconds", {name: f"{value:.2f}" for name, value in manifest.seconds.items()})
    yield from _section("made by", {"command": command})
    yield from _section("made on", {**manifest.device, **manifest.versions})


def cache_bytes(cache: Cache) -> int:
    """Bytes of a finished cache: of all its files; on an object store, of its arrays alone."""
    if cache.store.local:
        return disk_bytes(cache.store.location)
    width, dtype = cache.manifest.width, cache.manifest.dtype
    return sum(
        stored_bytes(record.shape(field, width), array_dtype(field, dtype))
        for _, record in cache.manifest.blocks()
        for field in record.arrays
    )


def disk_bytes(path: str) -> int:
    """Bytes of all files under a folder."""
    names = (name for name in Folder(path).walk() if not name.endswith("/"))
    return sum(os.lstat(os.path.join(path, name)).st_size for name in names)


def _section(title: str, facts: dict[str, object]) -> Iterator[str]:
    yield f"\n{title}"
    for name, value in facts.items():
        yield f"  {printable(name):<18} {printable(str(value))}"


def _sizes(cache: Cache) -> dict[str, object]:
    manifest = cache.manifest
    padded = manifest.rows * cache.recipe.max_length * manifest.width * 4
    stored = cache_bytes(cache)
    return {
        "rows": f"{manifest.rows:,}",
        "tokens": f"{manifest.tokens:,} of width {manifest.width}, {manifest.dtype}",
        "on disk": f"{format_bytes(stored)}, {stored / padded:.3f} of the padded float32 tensor",
        "layers": ", ".join(map(str, cache.recipe.layer_numbers)) or "the last one",
        "padding waste": f"{manifest.padding_waste:.1%} of the computed tokens",
    }


def _split_facts(cache: Cache, name: str) -> dict[str, object]:
    split = cache.split(name)
    counts, _ = np.histogram(split.lengths, [*_LENGTH_EDGES, np.inf])
    bins = zip(_LENGTH_EDGES, counts, strict=True)
    return {
        "rows": f"{len(split.lengths):,} in {len(split.blocks)} blocks",
        "lengths": f"mean {split.lengths.mean():.1f}, longest {split.lengths.max()}",
        "length from": ", ".join(f"{edge}: {count:,}" for edge, count in bins if count),
        "classes": ", ".join(f"{name}: {count:,}" for name, count in class_counts(cache.task, split.labels)),
    }
