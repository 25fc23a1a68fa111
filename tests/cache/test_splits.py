"""Splits that hold the training rows once more."""

import dataclasses
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.cache import CacheError, open_cache
from headstart.cache.block import Block
from headstart.cache.inspect.repair import damaged_blocks, drop_blocks, remove_cache
from headstart.cache.inspect.verify import verify
from headstart.cache.splits import rows_split, split_order, view_names, view_number

from .conftest import RECIPE, random_block

RECIPE = dataclasses.replace(RECIPE, dropout='{"views":2}')


@pytest.fixture
def viewed(make_cache: Callable[..., str], blocks: dict[str, list[Block]]) -> str:
    again = {name: again_as(blocks["train"], seed) for seed, name in enumerate(view_names(2))}
    return make_cache({**again, **blocks}, RECIPE)


def again_as(parts: list[Block], seed: int) -> list[Block]:
    """The same rows with other features."""
    return [
        part._replace(pooled=random_block(len(part.rows), 50 + 10 * seed + at).pooled)
        for at, part in enumerate(parts)
    ]


def test_names() -> None:
    assert view_names(2) == ("train-view-1", "train-view-2")
    assert [view_number(name) for name in ("train-view-12", "train", "train-view-0", "valid-view-1")] == [
        12,
        0,
        0,
        0,
    ]
    assert [rows_split(name) for name in ("train-view-12", "test", "other")] == ["train", "test", "other"]
    ordered = ["train", "train-view-2", "train-view-10", "valid", "test", "other"]
    shuffled = [ordered[place] for place in (5, 2, 4, 0, 3, 1)]
    assert sorted(shuffled, key=split_order) == ordered


def test_a_row_may_be_in_every_view_once(viewed: str) -> None:
    cache = open_cache(viewed)
    assert cache.views == view_names(2)
    assert verify(cache) == []
    assert cache.split("train-view-2").rows.tolist() == cache.split("train").rows.tolist()


def test_a_view_with_other_rows_is_found(
    make_cache: Callable[..., str], blocks: dict[str, list[Block]]
) -> None:
    other = again_as(blocks["train"], 0)[::-1]
    again = {"train-view-1": other, "train-view-2": again_as(blocks["train"], 1)}
    damage = verify(open_cache(make_cache({**blocks, **again}, RECIPE)))
    assert [problem[:3] for problem in damage] == [("train-view-1", "", "rows")]


def test_a_missing_view_is_found_and_asked_for(
    make_cache: Callable[..., str], blocks: dict[str, list[Block]]
) -> None:
    cache = open_cache(make_cache({**blocks, "train-view-2": again_as(blocks["train"], 1)}, RECIPE))
    assert [problem[:3] for problem in verify(cache)] == [("train-view-1", "", "missing")]
    with pytest.raises(CacheError, match="has no split 'train-view-1'"):
        cache.split(cache.views[0])


def test_damage_in_a_view_drops_that_view_alone(viewed: str) -> None:
    shutil.rmtree(Path(viewed) / "train-view-1/00001/pooled")
    cache = open_cache(viewed)
    damaged = damaged_blocks(verify(cache))
    assert damaged == ["train-view-1/00001"]
    assert drop_blocks(cache, damaged) == ["train-view-1"]
    left = open_cache(viewed)
    assert set(left.manifest.splits) == {"train", "train-view-1", "train-view-2", "valid", "test"}
    assert [problem[:3] for problem in verify(left)] == [("train-view-1", "00001", "missing")]


def test_list_counts_views_apart_from_rows(viewed: str) -> None:
    line = [sys.executable, "-m", "cache", "list", "--cache-dir", str(Path(viewed).parent)]
    listed = subprocess.run(line, capture_output=True, text=True, check=True)
    assert "train 8, valid 2, test 4, 2 views of train" in listed.stdout


def test_show_describes_the_rows_of_train_once(viewed: str) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "cache", "show", viewed], capture_output=True, text=True, check=True
    )
    assert [line for line in shown.stdout.splitlines() if line.startswith("split")] == [
        "split train", "split valid", "split test",
    ]  # fmt: skip


def test_remove_knows_views_for_its_own(viewed: str) -> None:
    remove_cache(viewed)
    assert not Path(viewed).exists()
