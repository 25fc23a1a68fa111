"""Every kind of damage has its own word; `repair` drops what is damaged and nothing else."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from headstart.cache import open_cache
from headstart.cache.block import Block
from headstart.cache.inspect.verify import Problem, verify

from ..conftest import RECIPE, random_block


def problems(location: str, full: bool = True) -> list[tuple[str, str, str]]:
    return [problem[:3] for problem in verify(open_cache(location), full)]


def shard(location: str, array: str) -> Path:
    return next(path for path in (Path(location) / array / "c").rglob("*") if path.is_file())


def test_a_sound_cache_has_no_problems(cache_path: str) -> None:
    assert verify(open_cache(cache_path)) == []
    assert verify(open_cache(cache_path), full=False) == []


@pytest.mark.parametrize("array", ["hidden", "pooled", "lengths", "labels", "rows"])
def test_a_flipped_byte_is_a_checksum(cache_path: str, array: str) -> None:
    path = shard(cache_path, f"train/00001/{array}")
    data = bytearray(path.read_bytes())
    data[5] ^= 64
    path.write_bytes(data)
    assert problems(cache_path) == [("train", "00001", "checksum")]


def test_a_short_file_is_truncated(cache_path: str) -> None:
    path = shard(cache_path, "valid/00000/hidden")
    path.write_bytes(path.read_bytes()[:-7])
    assert problems(cache_path) == [("valid", "00000", "truncated")]
    assert problems(cache_path, full=False) == []  # --fast leaves hidden states alone, and says so


@pytest.mark.parametrize("name", ["hidden/zarr.json", "block.json", "labels"])
def test_what_is_gone_is_missing(cache_path: str, name: str) -> None:
    path = Path(cache_path) / "test/00000" / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert problems(cache_path) == [("test", "00000", "missing")]


def test_a_missing_block_is_missing_in_every_part(cache_path: str) -> None:
    shutil.rmtree(Path(cache_path) / "train/00001")
    assert set(problems(cache_path)) == {("train", "00001", "missing")}


def test_metadata_that_another_reader_would_stumble_over(cache_path: str) -> None:
    path = Path(cache_path) / "test/00000/rows/zarr.json"
    path.write_text(path.read_text().replace('"fill_value":0', '"fill_value":1'))
    assert problems(cache_path) == [("test", "00000", "metadata")]


def swap(one: Path, other: Path) -> None:
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


def test_swapped_blocks_are_called_by_name(make_cache: Callable[..., str]) -> None:
    first = random_block(4, seed=1)
    second = random_block(4, seed=2, first_row=4)._replace(lengths=first.lengths, hidden=first.hidden + 1)
    location = make_cache({"train": [first, second]}, dataclasses.replace(RECIPE, row_count=8))
    swap(Path(location) / "train/00000", Path(location) / "train/00001")
    damage = verify(open_cache(location))
    assert {problem.block for problem in damage} == {"00000", "00001"}
    assert any("hidden: holds the block train/00001" in str(problem) for problem in damage)


def test_a_block_of_another_cache(
    cache_path: str, make_cache: Callable[..., str], blocks: dict[str, list[Block]]
) -> None:
    (test,) = blocks["test"]
    changed = blocks | {"test": [test._replace(hidden=test.hidden + 1, pooled=test.pooled + 1)]}
    other = make_cache(changed, name="other")
    shutil.rmtree(Path(cache_path) / "test/00000")
    shutil.copytree(Path(other) / "test/00000", Path(cache_path) / "test/00000")
    damage = verify(open_cache(cache_path))
    assert ("test", "00000", "record") in [problem[:3] for problem in damage]
    assert any("holds a block of another cache" in problem.detail for problem in damage)


def test_a_renamed_folder_is_missing_here_and_stray_there(cache_path: str) -> None:
    (Path(cache_path) / "train/00001").rename(Path(cache_path) / "train/00007")
    damage = problems(cache_path)
    assert ("train", "00001", "missing") in damage
    assert ("", "", "stray") in damage


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"labels": np.array([0, 1, 2, 0], np.int32)}, "labels"),
        ({"labels": np.array([[0], [1], [0], [1]], np.int32)}, "labels"),
        ({"labels": np.array([0, -1, 0, 1], np.int32)}, "labels"),
        ({"texts": np.array([255, 0, 65, 0, 66, 0, 67, 0], np.uint8)}, "texts"),
        ({"texts": np.array([0, 0, 65, 0, 0, 67], np.uint8)}, "texts"),
        ({"lengths": None}, "lengths"),
        ({"pooled": np.full((4, 3, 7), np.nan, np.float16)}, "values"),
        ({"rows": np.array([200, 200, 201, 202])}, "rows"),
    ],
)
def test_values_that_should_never_have_been_written(
    make_cache: Callable[..., str], blocks: dict[str, list[Block]], change: dict[str, np.ndarray], kind: str
) -> None:
    (block,) = blocks["test"]
    if kind == "lengths":  # longer than the recipe's max_length
        lengths = np.array([1, 1, 1, 30], np.int32)
        change = {"lengths": lengths, "hidden": np.zeros((33, 7), np.float16)}
    location = make_cache(blocks | {"test": [block._replace(**change)]})
    assert [problem[2] for problem in problems(location)] == [kind]


def test_an_infinite_hidden_state(make_cache: Callable[..., str], blocks: dict[str, list[Block]]) -> None:
    blocks["train"][1].hidden[3, 2] = np.inf
    assert problems(make_cache(blocks)) == [("train", "00001", "values")]


def test_rows_that_were_never_written(make_cache: Callable[..., str], blocks: dict[str, list[Block]]) -> None:
    location = make_cache(blocks, dataclasses.replace(RECIPE, row_count=16))
    assert [str(problem) for problem in verify(open_cache(location))] == [
        "cache: rows: 2 rows were never written"
    ]


def test_a_link_is_unsafe(cache_path: str, tmp_path: Path) -> None:
    shutil.move(Path(cache_path) / "test/00000/rows", tmp_path / "rows")
    (Path(cache_path) / "test/00000/rows").symlink_to(tmp_path / "rows")
    assert ("test", "00000", "unsafe") in problems(cache_path)


def test_a_problem_is_a_line() -> None:
    assert str(Problem("train", "00001", "missing", "hidden: gone")) == "train/00001: missing: hidden: gone"
    assert json.dumps(Problem("", "", "rows", "x")) == '["", "", "rows", "x"]'
