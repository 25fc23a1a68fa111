from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.cache import CacheError, open_cache
from headstart.cache.block import Block
from headstart.cache.inspect.choice import only_cache
from headstart.cache.inspect.listing import describe, find_caches


def test_only_folders_with_a_recipe_count(cache_path: str) -> None:
    root = Path(cache_path).parent
    (root / "notes").mkdir()
    (root / "file").touch()
    assert find_caches(str(root)) == [cache_path]
    assert find_caches(str(root / "nowhere")) == []


def test_the_only_cache(
    cache_path: str, make_cache: Callable[..., str], blocks: dict[str, list[Block]]
) -> None:
    root = str(Path(cache_path).parent)
    assert only_cache(root) == cache_path
    other = make_cache(blocks, name="other")
    with pytest.raises(CacheError, match="2 caches") as error:
        only_cache(root)
    assert f"  {cache_path}\n  {other}" in str(error.value)
    with pytest.raises(CacheError, match="make one with"):
        only_cache(root + "/none")


def test_the_description_counts_lengths_and_classes(cache_path: str) -> None:
    cache = open_cache(cache_path)
    text = "\n".join(describe(cache))
    labels = cache.split("train").labels.tolist()
    assert f"0: {labels.count(0)}, 1: {labels.count(1)}" in text
    for words in ("made.csv", "max_length         20", "25.0% of the computed tokens", "8 in 2 blocks"):
        assert words in text
