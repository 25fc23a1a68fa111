import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cache import CacheError, open_cache
from cache.manifest import Block
from cache.store import JSON_LIMIT


def test_blocks_are_joined_in_order(made: str, blocks: dict[str, list[Block]]) -> None:
    for name, parts in blocks.items():
        split = open_cache(made).split(name)
        for field in Block._fields:
            np.testing.assert_array_equal(
                getattr(split, field), np.concatenate([getattr(part, field) for part in parts])
            )


def test_a_cache_can_be_moved(made: str, tmp_path: Path) -> None:
    moved = shutil.move(made, tmp_path / "else where #1")
    assert open_cache(str(moved)).split("train").hidden.any()


def test_no_cache_and_an_unfinished_one(made: str, tmp_path: Path) -> None:
    with pytest.raises(CacheError, match="there is no feature cache at"):
        open_cache(str(tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()
    (Path(made) / "manifest.json").unlink()
    with pytest.raises(CacheError, match="is unfinished; run the same"):
        open_cache(made)


def test_a_split_that_is_not_there(make_cache: Callable[..., str], blocks: dict[str, list[Block]]) -> None:
    cache = open_cache(make_cache({"valid": blocks["valid"]}))
    with pytest.raises(CacheError, match=r"no split 'train' \(it has: valid\).*--split all"):
        cache.split("train")


def edit(path: Path, **change: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | change))


@pytest.mark.parametrize("name", ["recipe.json", "manifest.json"])
def test_another_format_is_refused(made: str, name: str) -> None:
    edit(Path(made) / name, format=2)
    with pytest.raises(CacheError, match="format 2, this version reads format 1"):
        open_cache(made)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"key": "0" * 64}, "belong to different caches"),
        ({"rows": 15}, "do not add up to its number of rows"),
        ({"tokens": 1}, "do not add up to its number of tokens"),
        ({"splits": {"../../etc": []}}, "names other splits"),
        ({"splits": {"train": [{"name": "../../x"}]}}, "describes no block"),
        ({"splits": []}, "not one of ours"),
        ({"surprise": 1}, "not one of ours"),
    ],
)
def test_an_edited_manifest_is_found_out(made: str, change: dict[str, object], says: str) -> None:
    edit(Path(made) / "manifest.json", **change)
    with pytest.raises(CacheError, match=says):
        open_cache(made)


@pytest.mark.parametrize("text", ["", "{", "[1]", "[" * 100_000, '{"format": NaN}'])
def test_garbage_instead_of_a_manifest(made: str, text: str) -> None:
    (Path(made) / "manifest.json").write_text(text)
    with pytest.raises(CacheError):
        open_cache(made)


def test_a_huge_json_file_is_not_read(made: str) -> None:
    with (Path(made) / "manifest.json").open("ab") as file:
        file.truncate(JSON_LIMIT + 1)
    with pytest.raises(CacheError, match="is larger than"):
        open_cache(made)


def shard(made: str) -> Path:
    return next(path for path in (Path(made) / "train/00001/hidden/c").rglob("*") if path.is_file())


def test_a_flipped_byte_is_found_while_reading(made: str) -> None:
    data = bytearray(shard(made).read_bytes())
    data[11] ^= 1
    shard(made).write_bytes(data)
    with pytest.raises(CacheError, match=r"train/00001/hidden is damaged.*Digest mismatch"):
        _ = open_cache(made).split("train").hidden


def test_a_truncated_shard_is_found_while_reading(made: str) -> None:
    shard(made).write_bytes(shard(made).read_bytes()[:-5])
    with pytest.raises(CacheError, match="train/00001/hidden is damaged"):
        _ = open_cache(made).split("train").hidden


def test_a_missing_array_is_named(made: str) -> None:
    shutil.rmtree(Path(made) / "test/00000/labels")
    with pytest.raises(CacheError, match="test/00000/labels cannot be opened"):
        _ = open_cache(made).split("test").labels


def test_an_array_of_another_shape_is_not_read(made: str) -> None:
    metadata = Path(made) / "test/00000/lengths/zarr.json"
    metadata.write_text(metadata.read_text().replace('"shape":[4]', '"shape":[40000000000]'))
    with pytest.raises(CacheError, match="the manifest says"):
        _ = open_cache(made).split("test").lengths
