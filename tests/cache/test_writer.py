"""Written through the API, read behind its back with json, NumPy and zarr's own files."""

import hashlib
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import zarr

from headstart.cache import CacheError
from headstart.cache.block import Block
from headstart.cache.writer import CacheWriter, cache_name

from .conftest import RECIPE, random_block


def test_zarr_reads_every_array(cache_path: str, blocks: dict[str, list[Block]]) -> None:
    for split, parts in blocks.items():
        for number, block in enumerate(parts):
            for field in block.arrays:
                array = zarr.open_array(f"{cache_path}/{split}/{number:05d}/{field}", mode="r", zarr_format=3)
                expected = getattr(block, field)
                assert array.dtype == expected.dtype
                np.testing.assert_array_equal(array[:], expected)


def test_the_manifest_names_every_block_and_its_content(
    cache_path: str, blocks: dict[str, list[Block]]
) -> None:
    manifest = json.loads((Path(cache_path) / "manifest.json").read_text())
    assert manifest["key"] == RECIPE.key
    for split, parts in blocks.items():
        for entry, block in zip(manifest["splits"][split], parts, strict=True):
            assert (entry["rows"], entry["tokens"]) == (len(block.rows), block.lengths.sum())
            for field in block.arrays:
                little = getattr(block, field).astype(getattr(block, field).dtype.newbyteorder("<"))
                assert entry["sha256"][field] == hashlib.sha256(little.tobytes()).hexdigest()
    assert [entry["start"] for entry in manifest["splits"]["train"]] == [0, 5]


def test_a_block_written_again_leaves_nothing_of_the_first(tmp_path: Path) -> None:
    writer = CacheWriter(str(tmp_path / "c"), RECIPE)
    writer.write_block("train", 0, 0, random_block(9, seed=1))
    record = writer.write_block("train", 0, 0, random_block(2, seed=2))
    assert writer.committed("train", 0) == record
    array = zarr.open_array(tmp_path / "c/train/00000/hidden", mode="r")
    assert array.shape[0] == record.tokens


def test_a_block_is_committed_by_its_record_alone(tmp_path: Path) -> None:
    writer = CacheWriter(str(tmp_path / "c"), RECIPE)
    writer.write_block("train", 0, 0, random_block(3, seed=1))
    (tmp_path / "c/train/00000/block.json").unlink()
    assert writer.committed("train", 0) is None
    assert writer.committed("train", 1) is None


PARTIALS = ["recipe.json", "manifest.json", "zarr.json", "train/zarr.json", "lock.json"]


@pytest.mark.parametrize("name", PARTIALS)
def test_what_a_killed_process_was_writing_goes_when_the_cache_is_finished(
    name: str, cache_path: str, tmp_path: Path
) -> None:
    shutil.copytree(cache_path, tmp_path / "c")
    before = {path for path in (tmp_path / "c").rglob("*") if path.is_file()}
    left = tmp_path / "c" / f"{name}.0123456789abcdef.partial"
    left.write_text("{")
    others = [Path(f"{left}.txt"), tmp_path / "c" / f"{name}.notes.partial"]
    (folder := Path(str(left).replace("0123456789abcdef", "f" * 16))).mkdir()
    for other in others:
        other.write_text("mine")
    writer = CacheWriter(str(tmp_path / "c"), RECIPE)
    manifest = writer.manifest()
    assert manifest
    with writer.alone(lambda line: None):
        writer.finish(manifest)
    assert {path for path in (tmp_path / "c").rglob("*") if path.is_file()} == {*before, *others}
    assert folder.is_dir()


def test_the_name_says_data_backbone_and_key() -> None:
    assert cache_name("comments", "minilm", RECIPE) == f"comments-minilm-{RECIPE.key[:10]}"


@pytest.mark.parametrize(
    ("data", "backbone", "begins"),
    [
        ("caf\udce9", "minilm", "caf-minilm-"),
        ("a\nb\x1b[31m\u202ec", "mod\udcffel", "a-b-[31m-c-mod-el-"),
        ("\udce9\n", "x", "data-x-"),
        ("\u00e9" * 120, "b" * 246, "\u00e9" * 45 + "-" + "b" * 90 + "-"),
        ("x" * 246, "minilm", "x" * 90 + "-minilm-"),
        ("My data (2), caf\u00e9", "e5", "My data (2), caf\u00e9-e5-"),
    ],
)
def test_every_name_can_be_shown_and_is_no_longer_than_systems_allow(
    data: str, backbone: str, begins: str
) -> None:
    name = cache_name(data, backbone, RECIPE)
    assert name == begins + RECIPE.key[:10]
    assert name.isprintable()
    assert len(name.encode()) <= 200


@pytest.mark.filterwarnings("ignore:Object at .* is not recognized as a component:UserWarning")
def test_the_format_s_own_example_reads_a_cache(cache_path: str, blocks: dict[str, list[Block]]) -> None:
    text = (Path(__file__).parent.parent.parent / "cache" / "FORMAT.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    actual: list[np.ndarray] = []
    code = re.sub(r'cache = ".*"', f"cache = {cache_path!r}", code) + "    actual += rows\n"
    exec(code, {"actual": actual})
    expected = [
        row for part in blocks["train"] for row in np.split(part.hidden, np.cumsum(part.lengths)[:-1])
    ]
    assert len(actual) == len(expected)
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "name", ["", "/hidden", "/hidden/c", "/rows/zarr.json", "/notes.txt", "/texts/c/0.__lock"]
)
@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_block_is_never_written_through_a_link(
    tmp_path: Path, blocks: dict[str, list[Block]], name: str, kind: str
) -> None:
    theirs, cache = tmp_path / "theirs", tmp_path / "cache"
    theirs.mkdir()
    (theirs / "precious").write_text("precious")
    planted = cache / f"train/00000{name}"
    planted.parent.mkdir(parents=True)
    planted.symlink_to(theirs if kind == "folder" else theirs / "precious")
    writer = CacheWriter(str(cache), RECIPE)
    with pytest.raises(CacheError, match=r"is a link|not ours"):
        writer.write_block("train", 0, 0, blocks["train"][0])
    assert [path.name for path in theirs.iterdir()] == ["precious"]
    assert (theirs / "precious").read_text() == "precious"
    assert planted.is_symlink()


def test_a_cache_is_not_written_where_a_link_leads(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    for name, target in (("one", "theirs"), ("two", "nowhere")):
        (tmp_path / name).symlink_to(tmp_path / target)
        for location in (str(tmp_path / name), f"{tmp_path / name}/"):
            with pytest.raises(CacheError, match="is a link"), CacheWriter(location, RECIPE).alone(print):
                pass
    assert not list((tmp_path / "theirs").iterdir())
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_that_is_not_utf_8_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    with pytest.raises(CacheError, match="is not UTF-8: choose another folder"):
        CacheWriter(f"{tmp_path}/caf\udce9", RECIPE)


def test_what_a_manifest_promises_is_finished_while_all_blocks_are_there(cache_path: str) -> None:
    writer = CacheWriter(cache_path, RECIPE)
    assert writer.finished_splits() == {"train", "valid", "test"}
    (Path(cache_path) / "train/00001/block.json").unlink()
    assert writer.finished_splits() == {"valid", "test"}
    (Path(cache_path) / "manifest.json").unlink()
    assert writer.finished_splits() == set()
