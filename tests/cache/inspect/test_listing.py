import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.cache import CacheError, open_cache
from headstart.cache.block import Block
from headstart.cache.inspect.listing import describe, find_caches, only_cache


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cache", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_only_folders_with_a_recipe_count(made: str) -> None:
    root = Path(made).parent
    (root / "notes").mkdir()
    (root / "file").touch()
    assert find_caches(str(root)) == [made]
    assert find_caches(str(root / "nowhere")) == []


def test_the_only_cache(made: str, make_cache: Callable[..., str], blocks: dict[str, list[Block]]) -> None:
    root = str(Path(made).parent)
    assert only_cache(root) == made
    other = make_cache(blocks, name="other")
    with pytest.raises(CacheError, match="2 caches") as error:
        only_cache(root)
    assert f"  {made}\n  {other}" in str(error.value)
    with pytest.raises(CacheError, match="make one with"):
        only_cache(root + "/none")


def test_the_description_counts_lengths_and_classes(made: str) -> None:
    cache = open_cache(made)
    text = "\n".join(describe(cache))
    labels = cache.split("train").labels.tolist()
    assert f"0: {labels.count(0)}, 1: {labels.count(1)}" in text
    for words in ("made.csv", "max_length         20", "25.0% of the computed tokens", "8 in 2 blocks"):
        assert words in text


def test_list_and_show_from_the_command_line(made: str) -> None:
    root = str(Path(made).parent)
    assert "train 8, valid 2, test 4" in run("list", "--cache-dir", root).stdout
    assert "padded float32 tensor" in run("show", "--cache-dir", root).stdout
    assert run("show", made).returncode == 0
    (Path(made) / "manifest.json").unlink()
    assert "unfinished, 4 blocks are there" in run("list", "--cache-dir", root).stdout


def test_a_mistake_is_one_line_and_exit_code_2() -> None:
    done = run("show", "nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: there is no feature cache at nowhere; make one with `python -m extract`\n"
