"""What a run says of its cache, its machine and its speed."""

import dataclasses
import os
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headstart.cache import open_cache
from headstart.cache.block import MIN_PART_ROWS
from headstart.train.options import ComparisonSettings
from headstart.train.results import provenance
from headstart.train.results.provenance import cache_facts, choose_operands, environment, peak_memory


def test_a_cache_is_described_by_its_recipe_and_place(written_cache: Path) -> None:
    cache = open_cache(str(written_cache))
    facts = cache_facts(cache)
    assert (facts.name, facts.key, facts.recipe) == ("written", cache.recipe.key, cache.recipe.to_json())
    assert Path(facts.location) == written_cache
    assert facts.block_rows == MIN_PART_ROWS  # the test split has a single block


def test_several_blocks_say_how_many_rows_went_together(written_cache: Path) -> None:
    cache = open_cache(str(written_cache))
    manifest = dataclasses.replace(cache.manifest, splits={"test": cache.manifest.splits["train"]})
    assert cache_facts(dataclasses.replace(cache, manifest=manifest)).block_rows == 8


@pytest.mark.parametrize("fast", [False, True])
def test_operands_are_as_asked_or_those_that_are_fast_here(
    fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provenance, "multiplies_bfloat16", lambda: fast)
    assert choose_operands(ComparisonSettings(precision="float32")) == "float32"
    assert choose_operands(ComparisonSettings(precision="bfloat16")) == "bfloat16"
    assert choose_operands(ComparisonSettings()) == ("bfloat16" if fast else "float32")


def test_the_machine_is_named() -> None:
    about = environment()
    assert (about["devices"], about["cores"], about["numpy"]) == (1, os.cpu_count(), version("numpy"))
    assert peak_memory()["host"] > 50e6  # jax alone takes more


class OnMeans:
    """A group of one head on the stored means."""

    names = ("head",)

    def __init__(self) -> None:
        self.batches = 0

    def logits(self, params: Any, rows: Any) -> Any:
        self.batches += 1
        return {"head": rows.pooled[:, 2] @ params["head"]}

    def gradient(self, params: Any, rows: Any, loss: Any) -> Any:
        raise NotImplementedError


def test_the_speed_is_the_median_of_calls_and_compilation_apart(
    make_split: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter(np.cumsum([0, 1, 0, 9, 0, 2, 0, 3, 0, 2]).tolist())
    monkeypatch.setattr(time, "perf_counter", lambda: next(ticks))
    group = OnMeans()
    params = {"head": np.ones((7, 1), np.float32)}
    seconds = provenance.seconds_per_thousand(group, params, make_split(50), reads_tokens=False)
    assert seconds == pytest.approx(2 * 1000 / 50)
    assert group.batches == 1  # traced once, before the clock starts
