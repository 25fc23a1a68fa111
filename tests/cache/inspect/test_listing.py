from pathlib import Path

from headstart.cache import open_cache
from headstart.cache.inspect.listing import describe, find_caches


def test_only_folders_with_a_recipe_count(cache_path: str) -> None:
    root = Path(cache_path).parent
    (root / "notes").mkdir()
    (root / "file").touch()
    assert find_caches(str(root)) == [cache_path]
    assert find_caches(str(root / "nowhere")) == []


def test_the_description_counts_lengths_and_classes(cache_path: str) -> None:
    cache = open_cache(cache_path)
    text = "\n".join(describe(cache))
    labels = cache.split("train").labels.tolist()
    assert f"0: {labels.count(0)}, 1: {labels.count(1)}" in text
    for words in ("made.csv", "max_length         20", "25.0% of the computed tokens", "8 in 2 blocks"):
        assert words in text
