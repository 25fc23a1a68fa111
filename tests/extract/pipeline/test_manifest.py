"""The manifest of a finished cache, written at once, later, or anew."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from headstart.cache import UserError, open_cache
from headstart.cache.inspect.verify import verify
from headstart.extract.features.packing import BatchShape, padded_tokens, plan_batches
from headstart.extract.pipeline.partition import COMPARED
from headstart.extract.pipeline.run import extract
from headstart.extract.settings import Settings

from ..conftest import Recorder


@pytest.fixture(scope="module")
def undisturbed(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> str:
    return extract(dataclasses.replace(settings, cache_dir=str(tmp_path_factory.mktemp("whole"))), Recorder())


@pytest.fixture
def copied(undisturbed: str, tmp_path: Path) -> Path:
    return Path(shutil.copytree(undisturbed, tmp_path / Path(undisturbed).name))


def test_it_says_how_long_each_phase_took_and_on_what(undisturbed: str) -> None:
    manifest = json.loads((Path(undisturbed) / "manifest.json").read_text())
    assert set(manifest["seconds"]) == {"clean", "tokenize", "compile", "backbone", "write", "total"}
    assert all(value >= 0 for value in manifest["seconds"].values())
    assert manifest["device"] == {"platform": "cpu", "kind": "cpu", "devices": 1, "batch_tokens": 96}


def test_padding_waste_is_that_of_the_batches_of_all_blocks(undisturbed: str) -> None:
    cache = open_cache(undisturbed)
    shape, padded = BatchShape.of(cache.recipe, batch_tokens=96, devices=1), 0
    for split, record in cache.manifest.blocks():
        padded += padded_tokens(plan_batches(cache.read(split, record, "lengths"), shape))
    assert cache.manifest.padding_waste == 1 - cache.manifest.tokens / padded


def test_only_the_manifest_is_missing(settings: Settings, undisturbed: str, copied: Path) -> None:
    first = open_cache(undisturbed).manifest
    (copied / "manifest.json").unlink()
    again = Recorder()
    extract(dataclasses.replace(settings, cache_dir=str(copied.parent)), again)
    later = open_cache(str(copied)).manifest
    assert again.works["cleaning"][1] == COMPARED
    assert "backbone" not in again.works
    assert (later.rows, later.tokens, later.splits) == (first.rows, first.tokens, first.splits)
    assert later.padding_waste == first.padding_waste
    assert later.accuracy == first.accuracy


def test_lengths_that_cannot_be_read_count_without_padding(
    settings: Settings, undisturbed: str, copied: Path
) -> None:
    (copied / "manifest.json").unlink()
    damaged = next((copied / "train/00000/lengths/c").rglob("0"))
    damaged.write_bytes(np.random.default_rng(0).bytes(damaged.stat().st_size))
    extract(dataclasses.replace(settings, cache_dir=str(copied.parent)), Recorder())
    assert open_cache(str(copied)).manifest.padding_waste < open_cache(undisturbed).manifest.padding_waste


def test_a_damaged_manifest_is_built_anew_from_the_blocks(settings: Settings, copied: Path) -> None:
    manifest = copied / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"padding_waste": 0.', '"padding_waste": 0.1'))
    with pytest.raises(UserError, match="builds the manifest anew"):
        open_cache(str(copied))
    recorder = Recorder()
    extract(dataclasses.replace(settings, cache_dir=str(copied.parent)), recorder)
    assert "resuming: 5 of 5 blocks done" in recorder.lines
    assert recorder.total == 0
    assert verify(open_cache(str(copied))) == []
