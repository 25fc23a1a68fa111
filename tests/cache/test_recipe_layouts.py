"""A cache of pooled vectors only: whatever walks a block's arrays leaves `hidden` alone, and says so."""

import dataclasses
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zarr

from headstart.cache import CacheError, open_cache
from headstart.cache.block import Block, BlockRecord
from headstart.cache.inspect.repair import damaged_blocks, drop_blocks
from headstart.cache.inspect.verify import verify
from headstart.cache.manifest import Manifest
from headstart.cache.recipe import LAYOUTS, layout_of
from headstart.cache.seal import seal
from headstart.cache.texts import pack
from headstart.cache.writer import CacheWriter

from .conftest import RECIPE, manifest_of, random_block

POOLED = dataclasses.replace(RECIPE, layout="pooled")


@pytest.fixture
def pooled(make_cache: Callable[..., str], blocks: dict[str, list[Block]]) -> str:
    """The cache at `cache_path`, without hidden states."""
    less = {split: [part._replace(hidden=None) for part in parts] for split, parts in blocks.items()}
    return make_cache(less, POOLED)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_is_known_by_its_arrays(layout: str) -> None:
    padded = layout == "padded"
    assert layout_of(set(LAYOUTS[layout]), padded) == layout
    with pytest.raises(CacheError, match="no layout has exactly the arrays"):
        layout_of(set(LAYOUTS[layout]) ^ {"labels"}, padded)


def test_the_other_arrays_are_those_of_the_whole_cache(pooled: str, blocks: dict[str, list[Block]]) -> None:
    for name, parts in blocks.items():
        split = open_cache(pooled).split(name)
        for field in LAYOUTS["pooled"]:
            expected = np.concatenate([getattr(part, field) for part in parts])
            actual = pack(split.texts) if field == "texts" else getattr(split, field)
            np.testing.assert_array_equal(actual, expected)
    assert {path.name for path in (Path(pooled) / "train/00001").iterdir()} == {
        *("lengths", "labels", "rows", "pooled", "texts", "block.json", "zarr.json")
    }


def test_hidden_states_are_refused_with_the_next_command(pooled: str) -> None:
    says = r"holds pooled vectors only, no hidden states; run the same .* with `--views all`"
    with pytest.raises(CacheError, match=says):
        _ = open_cache(pooled).split("train").hidden


def test_verify_reads_what_is_there(pooled: str) -> None:
    assert verify(open_cache(pooled)) == []
    for array, block in (("pooled", "train/00001"), ("lengths", "test/00000")):
        shard = next(path for path in (Path(pooled) / block / array / "c").rglob("*") if path.is_file())
        data = bytearray(shard.read_bytes())
        data[3] ^= 1
        shard.write_bytes(data)
    cache = open_cache(pooled)
    assert damaged_blocks(damage := verify(cache)) == ["test/00000", "train/00001"]
    assert {problem.kind for problem in damage} == {"checksum"}
    assert drop_blocks(cache, damaged_blocks(damage)) == ["train", "test"]
    assert {problem.kind for problem in verify(open_cache(pooled))} == {"missing"}


def test_values_that_should_never_have_been_written(
    make_cache: Callable[..., str], blocks: dict[str, list[Block]]
) -> None:
    (test,) = blocks["test"]
    wrong = test._replace(hidden=None, pooled=np.full((4, 3, 7), np.inf, np.float16))
    location = make_cache({"test": [wrong]}, dataclasses.replace(POOLED, row_count=4))
    assert [problem.kind for problem in verify(open_cache(location))] == ["values"]


def test_a_block_of_the_other_layout_is_not_written(tmp_path: Path) -> None:
    for recipe, block in ((POOLED, random_block(3, 1)), (RECIPE, random_block(3, 1)._replace(hidden=None))):
        with pytest.raises(CacheError, match=f"not those of the layout '{recipe.layout}'"):
            CacheWriter(str(tmp_path), recipe).write_block("train", 0, 0, block)
    assert not list(tmp_path.iterdir())


def test_a_record_of_the_other_layout_is_not_taken(pooled: str) -> None:
    """Only a forged block.json names our key and another layout's arrays."""
    path = Path(pooled) / "test/00000/block.json"
    record = BlockRecord.of("00000", 0, random_block(4, seed=1))
    writer = CacheWriter(pooled, POOLED)
    assert writer.committed("test", 0) is not None
    writer.store.write_json(
        "test/00000/block.json", seal({**vars(record), "key": POOLED.key, "split": "test"})
    )
    assert writer.committed("test", 0) is None
    assert path.exists()


def test_a_manifest_of_the_other_layout_is_refused(pooled: str) -> None:
    splits = {"train": [BlockRecord.of("00000", 0, random_block(4, seed=1))]}
    forged: Manifest = manifest_of(POOLED, splits)
    CacheWriter(pooled, POOLED).store.write_json("manifest.json", forged.to_json())
    with pytest.raises(CacheError, match="belong to different caches"):
        open_cache(pooled)


def test_list_and_show_say_which_layout_it_is(pooled: str) -> None:
    command = [sys.executable, "-m", "cache"]
    listed = subprocess.run(
        [*command, "list", "--cache-dir", str(Path(pooled).parent)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.search(r"tokens  pooled +[\d.]+ (bytes|kB)  train 8, valid 2, test 4", listed.stdout)
    shown = subprocess.run([*command, "show", pooled], capture_output=True, text=True, check=True)
    assert re.search(r"layout +pooled", shown.stdout)
    shutil.rmtree(Path(pooled) / "valid/00000/pooled")
    checked = subprocess.run(
        [*command, "verify", pooled, "--fast"], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, "every byte" in checked.stdout) == (0, False)


PADDED = dataclasses.replace(RECIPE, layout="padded")


def padded_block(rows: int, seed: int, first_row: int = 0, positions: int = 20) -> Block:
    ragged = random_block(rows, seed, first_row=first_row)
    hidden = np.random.default_rng(seed).standard_normal((rows, positions, 7)).astype(np.float16)
    return ragged._replace(hidden=hidden)


def test_a_padded_cache_has_all_positions_of_each_row(make_cache: Callable[..., str]) -> None:
    blocks = {"train": [padded_block(600, 0), padded_block(3, 1, 600)], "test": [padded_block(2, 2, 603)]}
    location = make_cache(blocks, dataclasses.replace(PADDED, row_count=605))
    cache = open_cache(location)
    assert verify(cache) == []
    for name, parts in blocks.items():
        for field in ("hidden", "lengths", "pooled"):
            expected = np.concatenate([getattr(part, field) for part in parts])
            np.testing.assert_array_equal(getattr(cache.split(name), field), expected)
    whole = zarr.open_array(f"{location}/train/00000/hidden", mode="r")
    assert whole.shape == (600, 20, 7)
    np.testing.assert_array_equal(whole[:], blocks["train"][0].hidden)
    assert whole.chunks == (25, 20, 7)  # 500 vectors: no row is read with hundreds of others


def test_blocks_of_another_number_of_positions_are_refused(make_cache: Callable[..., str]) -> None:
    location = make_cache({"train": [padded_block(3, 1, positions=19)]}, PADDED)
    with pytest.raises(CacheError, match="belong to different caches"):
        open_cache(location)
