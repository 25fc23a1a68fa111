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
from headstart.train.feeds.sampler import LayerViews
from headstart.train.options import ComparisonSettings
from headstart.train.results import provenance
from headstart.train.results.provenance import cache_facts, choose_operands, environment, peak_memory


def test_a_cache_is_described_by_its_recipe_and_place(
    written_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = open_cache(str(written_cache))
    monkeypatch.chdir(written_cache.parent)
    facts = cache_facts(cache, "results")
    assert (facts.name, facts.key, facts.recipe) == ("written", cache.recipe.key, cache.recipe.to_json())
    assert facts.location == written_cache.name
    assert facts.block_rows == MIN_PART_ROWS  # the test split has a single block


def test_several_blocks_say_how_many_rows_went_together(written_cache: Path) -> None:
    cache = open_cache(str(written_cache))
    manifest = dataclasses.replace(cache.manifest, splits={"test": cache.manifest.splits["train"]})
    assert cache_facts(dataclasses.replace(cache, manifest=manifest), "results").block_rows == 8


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


MEANS = provenance.Reads(tokens=False, pooled=True, layers=LayerViews())


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
    seconds = provenance.seconds_per_thousand(group, params, make_split(50), MEANS)
    assert seconds == pytest.approx(2 * 1000 / 50)
    assert group.batches == 1  # traced once, before the clock starts


@pytest.mark.parametrize("argument", ["../models/tiny", "{folder}/models/tiny", "models/tiny"])
def test_a_backbone_s_folder_is_found_from_the_run_and_named_without_the_home(
    argument: str, written_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As seen from the cache, and as earlier versions wrote it: whole, or from where we are."""
    folder = written_cache.parent
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.chdir(folder)
    (folder / "models/tiny").mkdir(parents=True, exist_ok=True)
    source = {
        "command": f"python -m extract --data {folder}/x.csv",
        "backbone_argument": argument.format(folder=folder),
    }
    cache = open_cache(str(written_cache))
    cache = dataclasses.replace(cache, manifest=dataclasses.replace(cache.manifest, source=source))
    shared = cache_facts(cache, str(folder / "results/run")).source
    assert shared == {
        "command": "python -m extract --data x.csv",
        "backbone_argument": "../../models/tiny",
    }


@pytest.mark.parametrize(
    ("argument", "shared"), [("minilm", "minilm"), ("org/model", "org/model"), ("/no/such/tiny", "tiny")]
)
def test_a_backbone_that_is_no_folder_here_is_named(argument: str, shared: str, written_cache: Path) -> None:
    cache = open_cache(str(written_cache))
    manifest = dataclasses.replace(cache.manifest, source={"backbone_argument": argument})
    source = cache_facts(dataclasses.replace(cache, manifest=manifest), "results").source
    assert source == {"backbone_argument": shared}


def test_settings_are_kept_without_places_of_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "alice"))
    monkeypatch.chdir(tmp_path)
    home = tmp_path / "alice"
    settings = ComparisonSettings(cache=str(home / "c"), cache_dir="s3://b/f", out=str(home / "results"))
    shared = provenance.shared_settings(settings)
    assert (shared.cache, shared.cache_dir, shared.out) == ("c", "s3://b/f", "results")
    assert provenance.shared_settings(ComparisonSettings()) == ComparisonSettings()
