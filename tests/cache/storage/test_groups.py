"""Other readers of Zarr find their way through a cache, and damage to what leads them is named and mended."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray
import zarr

from headstart.cache import open_cache
from headstart.cache.block import Block
from headstart.cache.inspect.repair import damaged_blocks, mend_groups
from headstart.cache.inspect.verify import verify
from headstart.cache.storage.groups import GROUP, axis_names
from headstart.cache.writer import CacheWriter

# zarr-python warns of each file that is no node of the hierarchy: of our JSON files.
pytestmark = pytest.mark.filterwarnings("ignore:Object at .* is not recognized as a component:UserWarning")


def test_zarr_opens_the_cache_as_a_group(cache_path: str, blocks: dict[str, list[Block]]) -> None:
    root = zarr.open_group(cache_path, mode="r")
    assert sorted(root) == ["test", "train", "valid"]
    assert sorted(root["train"]) == ["00000", "00001"]
    for split, parts in blocks.items():
        for number, block in enumerate(parts):
            for field, values in block.arrays.items():
                np.testing.assert_array_equal(root[f"{split}/{number:05d}/{field}"][:], values)


def test_xarray_opens_the_cache_as_a_tree(cache_path: str, blocks: dict[str, list[Block]]) -> None:
    with xarray.open_datatree(cache_path, engine="zarr", consolidated=False) as tree:  # type: ignore[arg-type]
        part = tree["train/00001"].to_dataset()
        sizes = {"row": 3, "token": blocks["train"][1].tokens, "pool": 3, "feature": 7}
        assert {name: size for name, size in part.sizes.items() if name != "byte"} == sizes
        np.testing.assert_array_equal(part["hidden"], blocks["train"][1].hidden)


@pytest.mark.parametrize(
    ("array", "rank", "names"),
    [
        ("train/00000/hidden", 3, ["row", "position", "feature"]), ("layers", 4, ["row", "state", "pool", "feature"]),
        ("test/00000/labels", 2, ["row", "class"]), ("hidden", 1, None), ("other", 2, None),
    ],
)  # fmt: skip
def test_axes_have_names(array: str, rank: int, names: list[str] | None) -> None:
    assert axis_names(array, rank) == names


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def call_it_an_array(path: Path) -> None:
    path.write_text(json.dumps(GROUP | {"node_type": "array"}))


def lead_elsewhere(path: Path) -> None:
    other = path.with_name("other")
    path.rename(other)
    path.symlink_to(other)


@pytest.mark.parametrize("damage", [cut, call_it_an_array, Path.unlink, lambda path: path.write_text("[]")])
@pytest.mark.parametrize("folder", ["", "valid", "train/00001"])
def test_damage_is_named_and_mended(cache_path: str, folder: str, damage: Callable[[Path], None]) -> None:
    damage(Path(cache_path, folder, "zarr.json"))
    cache = open_cache(cache_path)
    (problem,) = verify(cache)
    assert ("/".join(filter(None, problem[:2])), problem.kind) == (folder, "group")
    assert damaged_blocks([problem]) == []  # no array has to be computed again
    assert mend_groups(cache) == [folder]
    assert verify(cache) == []


def test_a_link_is_named_and_not_written_through(cache_path: str) -> None:
    lead_elsewhere(Path(cache_path, "valid/zarr.json"))
    problems = verify(open_cache(cache_path))
    assert {problem.kind for problem in problems} == {"group", "stray"}


def test_an_early_cache_is_sound_and_becomes_a_group(cache_path: str) -> None:
    for path in Path(cache_path).rglob("zarr.json"):
        metadata = json.loads(path.read_text())
        if metadata.pop("dimension_names", None):
            path.write_text(json.dumps(metadata))
        else:
            path.unlink()
    cache = open_cache(cache_path)
    assert verify(cache) == []
    assert len(mend_groups(cache)) == 8
    assert verify(cache) == []
    assert sorted(zarr.open_group(cache_path, mode="r")["train"]) == ["00000", "00001"]


def test_an_early_cache_that_gains_a_split_becomes_a_group(
    cache_path: str, blocks: dict[str, list[Block]]
) -> None:
    for path in Path(cache_path).rglob("zarr.json"):
        if not (path.parent / "c").exists():
            path.unlink()
    writer = CacheWriter(cache_path, open_cache(cache_path).recipe)
    manifest = writer.manifest()
    assert manifest
    writer.finish(manifest.without({"train"}))
    assert verify(open_cache(cache_path)) == []
    assert sorted(zarr.open_group(cache_path, mode="r")["train"]) == ["00000", "00001"]


@pytest.mark.parametrize("names", [["row"], ["token", "feature", "x"], "token", [1, 2], {}])
def test_other_names_of_axes_are_damage(cache_path: str, names: object) -> None:
    path = Path(cache_path, "train/00000/hidden/zarr.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"dimension_names": names}))
    assert [problem[:3] for problem in verify(open_cache(cache_path))] == [("train", "00000", "metadata")]
