import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from headstart.cache import CacheError, open_cache
from headstart.cache.block import Block
from headstart.cache.texts import pack

from .conftest import random_block


def test_blocks_are_joined_in_order(cache_path: str, blocks: dict[str, list[Block]]) -> None:
    for name, parts in blocks.items():
        split = open_cache(cache_path).split(name)
        for field in parts[0].arrays:
            expected = np.concatenate([getattr(part, field) for part in parts])
            actual = pack(split.texts) if field == "texts" else getattr(split, field)
            np.testing.assert_array_equal(actual, expected)


def test_a_cache_can_be_moved(cache_path: str, tmp_path: Path) -> None:
    moved = shutil.move(cache_path, tmp_path / "else where #1")
    assert open_cache(str(moved)).split("train").hidden.any()


def test_no_cache_and_an_unfinished_one(cache_path: str, tmp_path: Path) -> None:
    with pytest.raises(CacheError, match="there is no feature cache at"):
        open_cache(str(tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()
    (Path(cache_path) / "manifest.json").unlink()
    with pytest.raises(CacheError, match="is unfinished; run the same"):
        open_cache(cache_path)


def test_a_split_that_is_not_there(make_cache: Callable[..., str], blocks: dict[str, list[Block]]) -> None:
    cache = open_cache(make_cache({"valid": blocks["valid"]}))
    with pytest.raises(CacheError, match=r"no split 'train' \(it has: valid\).*--split all"):
        cache.split("train")


def shard(cache_path: str) -> Path:
    return next(path for path in (Path(cache_path) / "train/00001/hidden/c").rglob("*") if path.is_file())


def test_a_flipped_byte_is_found_while_reading(cache_path: str) -> None:
    data = bytearray(shard(cache_path).read_bytes())
    data[11] ^= 1
    shard(cache_path).write_bytes(data)
    with pytest.raises(CacheError, match=r"train/00001/hidden is damaged.*fails its CRC32C"):
        _ = open_cache(cache_path).split("train").hidden


def test_a_truncated_shard_is_found_while_reading(cache_path: str) -> None:
    shard(cache_path).write_bytes(shard(cache_path).read_bytes()[:-5])
    with pytest.raises(CacheError, match="train/00001/hidden is damaged"):
        _ = open_cache(cache_path).split("train").hidden


def test_a_missing_array_is_named(cache_path: str) -> None:
    shutil.rmtree(Path(cache_path) / "test/00000/labels")
    with pytest.raises(CacheError, match=r"test/00000/labels is damaged \(missing\)"):
        _ = open_cache(cache_path).split("test").labels


def test_an_array_of_another_shape_is_not_read(cache_path: str) -> None:
    metadata = Path(cache_path) / "test/00000/lengths/zarr.json"
    metadata.write_text(metadata.read_text().replace('"shape":[4]', '"shape":[40000000000]'))
    with pytest.raises(CacheError, match=r"lengths is damaged \(metadata\)"):
        _ = open_cache(cache_path).split("test").lengths


def test_a_missing_shard_is_not_read_as_zeros(make_cache: Callable[..., str]) -> None:
    location = make_cache({"train": [random_block(40_000, seed=1)]})
    files = [path for path in (Path(location) / "train/00000/hidden/c").rglob("*") if path.is_file()]
    assert len(files) > 1
    files[0].write_bytes(b"")
    with pytest.raises(CacheError, match="is damaged"):
        _ = open_cache(location).split("train").hidden
    files[0].unlink()
    with pytest.raises(CacheError, match="is damaged"):
        _ = open_cache(location).split("train").hidden


def test_zeros_are_stored(make_cache: Callable[..., str]) -> None:
    block = random_block(5, seed=1)._replace(labels=np.zeros(5, np.int32))
    location = make_cache({"train": [block]})
    assert open_cache(location).split("train").labels.tolist() == [0] * 5
    shutil.rmtree(Path(location) / "train/00000/labels/c")
    with pytest.raises(CacheError, match="is damaged"):
        _ = open_cache(location).split("train").labels


@pytest.mark.parametrize("field", ["hidden", "rows"])
def test_swapped_blocks_are_found_while_reading(make_cache: Callable[..., str], field: str) -> None:
    one, other = random_block(5, seed=1), random_block(5, seed=2, first_row=5)
    other = other._replace(lengths=one.lengths, hidden=other.hidden[: one.lengths.sum()].copy())
    other = other._replace(hidden=np.resize(other.hidden, one.hidden.shape))
    location = Path(make_cache({"train": [one, other]}))
    for source, target in (("00000", "x"), ("00001", "00000"), ("x", "00001")):
        (location / "train" / source).rename(location / "train" / target)
    with pytest.raises(CacheError, match="not what was written here"):
        getattr(open_cache(str(location)).split("train"), field)


def test_links_and_pipes_are_refused(cache_path: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    shutil.copytree(Path(cache_path) / "test/00000", outside)
    shutil.rmtree(Path(cache_path) / "test/00000")
    (Path(cache_path) / "test/00000").symlink_to(outside)
    with pytest.raises(CacheError, match="is a link"):
        _ = open_cache(cache_path).split("test").rows
    pipe = shard(cache_path)
    pipe.unlink()
    os.mkfifo(pipe)
    with pytest.raises(CacheError, match="is no plain file"):
        _ = open_cache(cache_path).split("train").hidden
    (Path(cache_path) / "manifest.json").unlink()
    os.mkfifo(Path(cache_path) / "manifest.json")
    with pytest.raises(CacheError, match="is no plain file"):
        open_cache(cache_path)
