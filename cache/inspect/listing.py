"""Find caches, and describe them for people."""

import os
from collections.abc import Iterator

import numpy as np

from headstart.cache.block import array_dtype
from headstart.cache.reader import Cache, open_cache
from headstart.cache.runtime.errors import CacheError
from headstart.cache.runtime.text import format_bytes, printable
from headstart.cache.splits import view_number
from headstart.cache.storage.arrays import stored_bytes
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
        names = [name for name, _, rest in keys if rest == "recipe.json" and name.isprintable()]
        return [f"{root.rstrip('/')}/{name}" for name in names]
    if not os.path.isdir(root):
        return []
    names = [name for name in sorted(os.listdir(root)) if name.isprintable()]
    paths = (os.path.join(root, name) for name in names)
    return [path for path in paths if os.path.isfile(os.path.join(path, "recipe.json"))]


def only_cache(root: str) -> str:
    """Path of the one cache under `root`.

    Raises:
        CacheError: there is none, or there are several; the message lists them.
    """
    paths = find_caches(root)
    if not paths:
        raise CacheError(f"there is no feature cache under {root}; make one with `python -m extract`")
    if len(paths) > 1:
        listed = "\n".join(f"  {path}" for path in paths)
        raise CacheError(f"there are {len(paths)} caches under {root}; choose one:\n{listed}")
    return paths[0]


def describe_line(path: str) -> str:
    """One line about one cache; an unfinished or damaged one says so."""
    name = os.path.basename(path)
    if not (store := Store(path)).exists("manifest.json"):
        whole = sum(file.count("/") == 2 and file.endswith("/block.json") for file in store.files())
        return f"{name:<50} unfinished, {whole} blocks are there"
    try:
        cache = open_cache(path)
    except CacheError as error:
        return f"{name:<50} {printable(str(error))}"
    manifest, layout = cache.manifest, cache.recipe.layout
    splits = ", ".join(
        f"{split} {sum(b.rows for b in blocks):,}"
        for split, blocks in manifest.splits.items()
        if not view_number(split)
    )
    splits += f", {cache.recipe.views} views of train" if cache.recipe.views else ""
    return f"{name:<50} {manifest.tokens:>12,} tokens  {layout:<6}  {format_bytes(cache_bytes(cache)):>9}  {splits}"


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
    return sum(os.lstat(os.path.join(at, name)).st_size for at, _, names in os.walk(path) for name in names)


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
