"""`repair` drops what is damaged and nothing else; `remove` takes nothing of someone else's."""

from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.cache import UserError, open_cache
from headstart.cache.block import Block
from headstart.cache.inspect.listing import describe_line
from headstart.cache.inspect.repair import damaged_blocks, drop_blocks, remove_cache
from headstart.cache.inspect.verify import Problem, verify
from headstart.cache.storage.lock import held
from headstart.cache.storage.store import Store


def test_blocks_are_named_once_and_the_cache_as_a_whole_is_none() -> None:
    places = [("valid", "00000"), ("train", "00001"), ("", ""), ("train-view-1", ""), ("train", "00001")]
    problems = [Problem(split, block, "missing", "") for split, block in places]
    assert damaged_blocks(problems) == ["train/00001", "valid/00000"]


def test_dropping_leaves_sound_blocks_alone(cache_path: str) -> None:
    next((Path(cache_path) / "train/00001/hidden/c").rglob("0")).joinpath("0").unlink()
    cache = open_cache(cache_path)
    assert drop_blocks(cache, damaged_blocks(verify(cache))) == ["train"]
    assert list(open_cache(cache_path).manifest.splits) == ["train", "valid", "test"]  # still promised
    assert [problem[:3] for problem in verify(open_cache(cache_path))] == [("train", "00001", "missing")]
    left = {"/".join(name.split("/")[:2]) for name in cache.store.files()}
    groups = {"zarr.json", *(f"{split}/zarr.json" for split in ("train", "valid", "test"))}
    assert left == {"recipe.json", "manifest.json", "train/00000", "valid/00000", "test/00000"} | groups


def test_the_manifest_promises_what_a_repair_drops(cache_path: str) -> None:
    cache = open_cache(cache_path)
    names = [f"{split}/{record.name}" for split, record in cache.manifest.blocks()]
    assert drop_blocks(cache, names) == ["train", "valid", "test"]
    assert sorted(path.name for path in Path(cache_path).rglob("*") if path.is_file()) == [
        "manifest.json", "recipe.json", *["zarr.json"] * 4,
    ]  # fmt: skip
    assert cache.manifest.absent(cache.store) == names
    assert "unfinished, 0 of 4 blocks are there" in describe_line(cache_path)
    assert damaged_blocks(verify(cache)) == sorted(names)  # so the same command goes on


def test_remove_touches_nothing_else(
    cache_path: str, make_cache: Callable[..., str], blocks: dict[str, list[Block]]
) -> None:
    other = make_cache(blocks, name="other")
    (Path(cache_path) / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match=r"holds 'notes.txt', which is not ours"):
        remove_cache(cache_path)
    (Path(cache_path) / "notes.txt").unlink()
    remove_cache(cache_path)
    assert [str(path) for path in Path(cache_path).parent.iterdir()] == [other]
    with pytest.raises(UserError, match="is no feature cache"):
        remove_cache(str(Path(cache_path).parent))
    Path(cache_path).symlink_to(other)
    with pytest.raises(UserError, match="is no feature cache"):
        remove_cache(cache_path)
    assert verify(open_cache(other)) == []


def test_a_cache_that_is_being_written_stays(cache_path: str) -> None:
    with held(Store(cache_path), print), pytest.raises(UserError, match="is being written by process"):
        remove_cache(cache_path)
    assert verify(open_cache(cache_path)) == []


@pytest.mark.parametrize("place", ["{}", "train/{}", "train/00000/{}"])
@pytest.mark.parametrize("name", [".DS_Store", "._x", ".nfs00a1", "desktop.ini", "Thumbs.db"])
def test_what_other_programs_leave_is_no_damage_and_goes_with_the_cache(
    cache_path: str, place: str, name: str
) -> None:
    (Path(cache_path) / place.format(name)).write_text("litter")
    (Path(cache_path).parent / name).write_text("litter")
    assert verify(open_cache(cache_path)) == []
    remove_cache(cache_path)
    assert [path.name for path in Path(cache_path).parent.iterdir()] == [name]


@pytest.mark.parametrize("name", ["notes.txt", "train/notes.txt", "my.ini", ".DS_Store/mine.txt"])
def test_files_that_are_somebody_s_stay(cache_path: str, name: str) -> None:
    path = Path(cache_path) / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    with pytest.raises(UserError, match="is not ours"):
        remove_cache(cache_path)
    assert path.read_text() == "mine"


def test_a_link_with_such_a_name_stays(cache_path: str, tmp_path: Path) -> None:
    (Path(cache_path) / ".DS_Store").symlink_to(tmp_path)
    with pytest.raises(UserError, match=r"'\.DS_Store', which is not ours"):
        remove_cache(cache_path)
