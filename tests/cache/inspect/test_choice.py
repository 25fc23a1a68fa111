"""Which cache a user means."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.cache import CacheError
from headstart.cache.block import Block
from headstart.cache.inspect.choice import chosen_cache, newest, only_cache

NAMES = ("comments-minilm-0a", "comments-minilm-1b", "tweets-minilm-2c")


@pytest.fixture
def root(make_cache: Callable[..., str], blocks: dict[str, list[Block]]) -> str:
    paths = [make_cache(blocks, name=name) for name in NAMES]
    for age, path in enumerate(paths):
        os.utime(Path(path, "manifest.json"), (1000 - age, 1000 - age))
    return str(Path(paths[0]).parent)


def test_the_only_cache(
    cache_path: str, make_cache: Callable[..., str], blocks: dict[str, list[Block]]
) -> None:
    root = str(Path(cache_path).parent)
    assert only_cache(root) == chosen_cache(None, root) == cache_path
    other = make_cache(blocks, name="other")
    with pytest.raises(CacheError, match="2 caches") as error:
        only_cache(root)
    assert f"  {cache_path}\n  {other}" in str(error.value)
    with pytest.raises(CacheError, match="make one with"):
        only_cache(root + "/none")


@pytest.mark.parametrize(
    "written", ["tweets", "t", "tweets-minilm-2c", "{root}/tw", "{root}/tweets-minilm-2c/"]
)
def test_the_beginning_of_a_name_will_do(root: str, written: str) -> None:
    assert chosen_cache(written.format(root=root), root).rstrip("/") == f"{root}/{NAMES[2]}"


@pytest.mark.parametrize(
    ("written", "answer"),
    [
        ("comments", "2 caches begin like 'comments'; choose one"),
        ("{root}/comments-minilm", "2 caches begin like"),
        ("commnets-minilm-1b", "did you mean 'comments-minilm-1b'?"),
        ("Tweets-MiniLM-2c", "did you mean 'tweets-minilm-2c'?"),
    ],
)
def test_what_means_none_or_several_is_asked_back(root: str, written: str, answer: str) -> None:
    with pytest.raises(CacheError) as error:
        chosen_cache(written.format(root=root), root)
    assert answer in str(error.value)


def test_a_name_that_is_near_none_stays_as_it_is(root: str) -> None:
    assert chosen_cache("zzz", root) == "zzz"
    assert chosen_cache("s3://bucket/zzz", root) == "s3://bucket/zzz"


def test_the_newest_is_the_one_that_was_finished_last(root: str) -> None:
    assert chosen_cache("newest", root) == f"{root}/{NAMES[0]}"
    Path(root, NAMES[0], "manifest.json").unlink()  # begun only
    assert chosen_cache("newest", root) == f"{root}/{NAMES[1]}"
    assert newest([f"{root}/{NAMES[0]}"]) == f"{root}/{NAMES[0]}"
    assert newest([f"{root}/{NAMES[0]}"], finished=True) == ""
    assert newest([]) == newest(["s3://bucket/a"]) == ""
    with pytest.raises(CacheError, match="there is no feature cache"):
        chosen_cache("newest", f"{root}/none")


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        ({"cache": {"location": "{cache}", "name": "other"}}, "did you mean --cache {cache}?"),
        ({"cache": {"location": "moved", "name": NAMES[0]}}, "did you mean --cache {cache}?"),
        ({"cache": {"location": "gone", "name": "gone"}}, "`python -m cache list` shows those"),
        ({"cache": 7}, "`python -m cache list` shows those"),
        ([], "`python -m cache list` shows those"),
    ],
)
def test_a_run_is_no_cache_and_names_its_own(root: str, tmp_path: Path, content: object, answer: str) -> None:
    run, cache = tmp_path / "results" / NAMES[0], f"{root}/{NAMES[0]}"
    run.mkdir(parents=True)
    (run / "results.json").write_text(json.dumps(content).replace("{cache}", cache))
    with pytest.raises(CacheError) as error:
        chosen_cache(str(run), root)
    assert "is a run of bench.py, no feature cache" in str(error.value)
    assert answer.format(cache=cache) in str(error.value)
    assert len(error.value.lines) == 1
