"""Blocks of splits, and what is known of them before the backbone runs."""

import dataclasses

import numpy as np

from headstart.cache.block import Sizes
from headstart.extract.features.blocks import cut, plan_blocks
from headstart.extract.features.packing import BatchShape
from headstart.extract.text.tokenizer import Tokens
from tests.cache.conftest import RECIPE

SHAPE = BatchShape([8, 16], 32, 1, packed=False)


def tokens(rows: int) -> Tokens:
    lengths = np.random.default_rng(0).integers(1, 17, rows).astype(np.int32)
    text_lengths = np.random.default_rng(1).integers(1, 9, rows)
    return Tokens(
        np.ones(lengths.sum(), np.int32), lengths, np.zeros(text_lengths.sum(), np.uint8), text_lengths
    )


def test_blocks_hold_each_row_once_in_the_split_s_order() -> None:
    splits = {"train": np.array([7, 3, 9, 1, 5]), "valid": np.array([0]), "test": np.array([2, 4])}
    blocks = cut(splits, 2)
    assert [(*block.key, block.name, block.start, block.rows.tolist()) for block in blocks] == [
        ("train", 0, "00000", 0, [7, 3]),
        ("train", 1, "00001", 2, [9, 1]),
        ("train", 2, "00002", 4, [5]),
        ("valid", 0, "00000", 0, [0]),
        ("test", 0, "00000", 0, [2, 4]),
    ]


def test_a_plan_counts_its_blocks() -> None:
    read = tokens(30)
    plan = plan_blocks(cut({"train": np.arange(4, 30)}, 7), read, SHAPE)
    assert (plan.rows, plan.tokens) == (26, read.lengths[4:].sum())
    batches = [batch for block in plan.blocks for batch in block.batches]
    assert plan.padded_tokens == sum(batch.length * batch.height for batch in batches)
    first = plan.blocks[0]
    sizes = Sizes(7, int(read.lengths[4:11].sum()), int(read.text_lengths[4:11].sum()), 3, 0)
    assert first.sizes(3, RECIPE) == sizes
    layered = dataclasses.replace(RECIPE, layout="padded", layers="[0,2]")
    assert first.sizes(3, layered) == sizes._replace(positions=RECIPE.max_length, layers=2)
    rest = plan.without({("train", 0), ("train", 3)})
    assert [block.block.number for block in rest.blocks] == [1, 2]


def test_one_batch_stands_for_each_shape_with_and_without_dropout() -> None:
    plan = plan_blocks(cut({"train": np.arange(30), "train-view-1": np.arange(30)}, 7), tokens(30), SHAPE)
    shapes = [
        (block.block.split, batch.length, batch.height) for block in plan.blocks for batch in block.batches
    ]
    firsts = [(block.block.split, batch.length, batch.height) for block, batch in plan.first_of_each_shape]
    assert firsts == list(dict.fromkeys(shapes))
