"""A small cache with random features: two blocks of train, one of valid, one of test."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from headstart.cache.block import Block
from headstart.cache.manifest import Manifest
from headstart.cache.recipe import Recipe, canonical_json
from headstart.cache.task import BINARY
from headstart.cache.texts import pack
from headstart.cache.writer import CacheWriter

WIDTH = 7
SIZES = {"train": (5, 3), "valid": (2,), "test": (4,)}

RECIPE = Recipe(
    rows="0" * 64, row_count=14, task=canonical_json(BINARY.to_json()),
        cleaning="{}", cleaning_versions="none", tokenizer="1" * 64, weights="2" * 64,
    architecture="{}", max_length=20, compute_dtype="float32", matmul_precision="highest", forward="stock",
    storage_dtype="float16", layout="ragged", split_rule="rule", split_seed=42,
)  # fmt: skip


def random_block(rows: int, seed: int, dtype: str = "float16", first_row: int = 0) -> Block:
    random = np.random.default_rng(seed)
    lengths = random.integers(1, 9, rows, dtype=np.int32)
    hidden = random.standard_normal((lengths.sum(), WIDTH)).astype(dtype)
    pooled = random.standard_normal((rows, 3, WIDTH)).astype(dtype)
    labels = random.integers(0, 2, rows, dtype=np.int32)
    texts = pack(f"text {seed} of row {row}" for row in range(rows))
    return Block(hidden, lengths, labels, np.arange(first_row, first_row + rows), pooled, texts)


def manifest_of(recipe: Recipe, splits: dict[str, list]) -> Manifest:
    blocks = [block for split in splits.values() for block in split]
    return Manifest(
        key=recipe.key, rows=sum(b.rows for b in blocks), tokens=sum(b.tokens for b in blocks), width=WIDTH,
        dtype=recipe.storage_dtype, splits=splits, padding_waste=0.25, seconds={"total": 1.5},
        device={"platform": "cpu"}, accuracy={}, versions={}, source={"data": "made.csv"},
    )  # fmt: skip


@pytest.fixture
def blocks() -> dict[str, list[Block]]:
    return {
        split: [
            random_block(rows, seed=10 * at + i, first_row=100 * at + 10 * i) for i, rows in enumerate(sizes)
        ]
        for at, (split, sizes) in enumerate(SIZES.items())
    }


@pytest.fixture
def make_cache(tmp_path: Path) -> Callable[..., str]:
    def make(blocks: dict[str, list[Block]], recipe: Recipe = RECIPE, name: str = "made") -> str:
        location = str(tmp_path / "features" / name)
        writer = CacheWriter(location, recipe)
        writer.begin()
        splits = {}
        for split, parts in blocks.items():
            starts = np.cumsum([0, *(len(part.rows) for part in parts)]).tolist()
            splits[split] = [writer.write_block(split, i, starts[i], part) for i, part in enumerate(parts)]
        writer.finish(manifest_of(recipe, splits))
        return location

    return make


@pytest.fixture
def cache_path(make_cache: Callable[..., str], blocks: dict[str, list[Block]]) -> str:
    return make_cache(blocks)
