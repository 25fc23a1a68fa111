"""What a cache's writer writes is ours by its name, and nothing else is."""

from pathlib import Path

import pytest

from headstart.cache.names import block_of, group_of, is_ours
from headstart.cache.storage.folder import Folder


def test_all_that_a_writer_writes_is_ours(cache_path: str) -> None:
    names = list(Folder(cache_path).walk())
    assert len(names) > 50
    assert all(map(is_ours, names))
    assert {block_of(name) for name in names} - {None} == {
        "train/00000", "train/00001", "valid/00000", "test/00000",
    }  # fmt: skip
    assert sum(path.name == "block.json" for path in Path(cache_path).rglob("*")) == 4


@pytest.mark.parametrize(
    "name",
    [
        "lock.json", "lock.json.__lock", "recipe.json_1f.__lock", "manifest.json.0123456789abcdef.partial",
        "train-view-999/", "test/123456789/", "valid/00000/texts/c/0/17", "train/00000/rows/c/0_ab12.__lock",
        "train/.DS_Store", "train/00000/hidden/zarr.json.__lock", "zarr.json", "valid/zarr.json",
        "train-view-2/00000/zarr.json",
    ],
)  # fmt: skip
def test_names_of_ours(name: str) -> None:
    assert is_ours(name)


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt", "mynotes/", "train/mynotes/", "train/0000/", "train/\u0660\u0660\u0660\u0660\u0660/",
        "train/00000/notes.txt", "train/00000/hidden/notes/", "train/00000/hidden/c/1.npy", "train-view-0/",
        "train-view-1000/", "train/00000/block.json/", "recipe.json.bak", "recipe.json.partial",
        "recipe.json.__locks", "x/recipe.json", "train/00000/other/zarr.json", "lock.json\n", "../recipe.json",
        "train/00000/c/0", "zarr.json/", "other/zarr.json", "train/0/zarr.json",
    ],
)  # fmt: skip
def test_names_of_somebody_else(name: str) -> None:
    assert not is_ours(name)
    assert block_of(name) is None


def test_groups_are_the_cache_its_splits_and_its_blocks(cache_path: str) -> None:
    folders = [folder for name in Folder(cache_path).walk() if (folder := group_of(name)) is not None]
    blocks = ["train/00000", "train/00001", "valid/00000", "test/00000"]
    assert sorted(folders) == sorted(["", "train", "valid", "test", *blocks])
    assert group_of("train/00000/hidden/zarr.json") is group_of("train/block.json") is None
