"""A small cache with pooled vectors of several layers, as heads on layers read them: random, with a signal in one."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from headstart.cache.block import Block
from headstart.cache.ragged import split_rows
from headstart.cache.recipe import Recipe, canonical_json
from headstart.cache.texts import pack
from tests.train.conftest import RECIPE, WIDTH, write_cache

SIZES = {"train": (40, 23), "valid": (21,), "test": (22,)}
"""Rows of each block."""


def layered_recipe(rows: int, layers: Sequence[int], groups: bool = False, layout: str = "ragged") -> Recipe:
    return dataclasses.replace(
        RECIPE, row_count=rows, layers=canonical_json(list(layers)), groups=groups, layout=layout
    )


def layered_block(
    rows: int, first: int, layers: Sequence[int], groups: bool = False, best: int | None = None
) -> Block:
    """Random rows that stand in the file from `first` on; the last of the layers is that of `pooled`.

    Args:
        rows: rows of the block.
        first: position of the first.
        layers: the encoder's states.
        groups: whether rows have groups: three rows that follow each other are one.
        best: the state whose vectors tell the label.
    """
    random = np.random.default_rng(first)
    lengths = random.integers(1, 13, rows).astype(np.int32)
    labels = random.integers(0, 2, rows).astype(np.int32)
    hidden = random.normal(size=(int(lengths.sum()), WIDTH)).astype(np.float16)
    pooled = np.array(
        [[t[0], t.max(axis=0), t.mean(axis=0)] for t in split_rows(hidden, lengths)], np.float16
    )
    states = random.normal(size=(rows, len(layers), 3, WIDTH)).astype(np.float16)
    states[:, -1:] = pooled[:, None]
    if best is not None:
        states[:, list(layers).index(best)] += (2 * labels - 1).astype(np.float16)[:, None, None]
    positions = np.arange(first, first + rows)
    numbers = positions // 3 if groups else None
    texts = pack(f"text of row {row}" for row in positions)
    return Block(hidden, lengths, labels, positions, pooled, texts, states if layers else None, numbers)


def write_layered_cache(
    folder: Path,
    layers: Sequence[int] = (0, 1, 2, 3),
    groups: bool = False,
    best: int | None = None,
    sizes: Mapping[str, tuple[int, ...]] = SIZES,
) -> Path:
    """Write a cache of such blocks; see `layered_block`. No group stands in two blocks whose sizes 3 divides."""
    blocks, first = {}, 0
    for split, counts in sizes.items():
        blocks[split] = []
        for rows in counts:
            blocks[split].append(layered_block(rows, first, layers, groups, best))
            first += rows
    return write_cache(folder, layered_recipe(first, layers, groups), blocks)
