"""`--views pooled`: the same pooled vectors, no hidden states on disk or in memory."""

import dataclasses
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from headstart.cache import open_cache
from headstart.cache.inspect.verify import verify
from headstart.cache.recipe import LAYOUTS
from headstart.cache.splits import SPLITS
from headstart.extract.pipeline.job import prepare
from headstart.extract.pipeline.run import extract
from headstart.extract.settings import Settings

from ..conftest import Recorder


@pytest.fixture(scope="module")
def whole(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> str:
    return extract(dataclasses.replace(settings, cache_dir=str(tmp_path_factory.mktemp("whole"))), Recorder())


@pytest.fixture(scope="module")
def pooled(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, str, Recorder]:
    here = dataclasses.replace(settings, cache_dir=str(tmp_path_factory.mktemp("pooled")), views="pooled")
    recorder = Recorder()
    return here, extract(here, recorder), recorder


Made = tuple[Settings, str, Recorder]


def test_everything_but_hidden_is_identical(whole: str, pooled: Made) -> None:
    full, less = open_cache(whole), open_cache(pooled[1])
    assert (full.manifest.rows, full.manifest.tokens) == (less.manifest.rows, less.manifest.tokens)
    for split in SPLITS:
        for field in (*LAYOUTS["pooled"], "layers"):
            one, other = getattr(full.split(split), field), getattr(less.split(split), field)
            np.testing.assert_array_equal(one, other, err_msg=f"{split} {field}")
    assert not list(Path(pooled[1]).rglob("hidden"))
    assert verify(less) == []


def test_it_is_another_cache(settings: Settings, whole: str, pooled: Made) -> None:
    assert Path(whole).name != Path(pooled[1]).name
    assert prepare(pooled[0]).recipe.layout == "pooled"
    assert "--views pooled" in pooled[0].command


def test_it_resumes_at_a_missing_and_at_a_damaged_block(pooled: Made, tmp_path: Path) -> None:
    location = Path(shutil.copytree(pooled[1], tmp_path / Path(pooled[1]).name))
    whole = {path: path.read_bytes() for path in location.rglob("*") if path.is_file()}
    (location / "manifest.json").unlink()
    (location / "train/00000/block.json").unlink()
    shutil.rmtree(location / "valid/00000/pooled/c")
    recorder = Recorder()
    extract(dataclasses.replace(pooled[0], cache_dir=str(tmp_path)), recorder)
    assert "resuming: 3 of 5 blocks done" in recorder.lines
    assert all(path.read_bytes() == whole[path] for path in whole if path.name != "manifest.json")


def test_it_grows(pooled: Made, tmp_path: Path) -> None:
    here = dataclasses.replace(pooled[0], cache_dir=str(tmp_path), split_rule="stable", block_rows=10)
    old = open_cache(extract(here, Recorder()))
    longer = tmp_path / Path(here.data).name
    longer.write_text("\n".join([Path(here.data).read_text(), "you are kind,1", "rude soup,0"]))
    recorder = Recorder()
    grown = open_cache(extract(dataclasses.replace(here, data=str(longer)), recorder))
    assert any(line.startswith(f"2 rows were added to {old.name}: ") for line in recorder.lines)
    assert 0 < recorder.total < grown.manifest.tokens  # at least the full blocks were taken over
    assert verify(grown) == []


def test_repair_keeps_the_layout(pooled: Made, tmp_path: Path) -> None:
    location = Path(shutil.copytree(pooled[1], tmp_path / Path(pooled[1]).name))
    shutil.rmtree(location / "test/00000/pooled")
    flags = dataclasses.replace(pooled[0], cache_dir=str(tmp_path)).command.split()[3:]
    line = [sys.executable, "-m", "cache", "repair", str(location), "--", *flags]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "sound again" in done.stdout


def test_the_user_is_told_of_the_other_cache(settings: Settings, whole: str, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / Path(whole).name)
    recorder = Recorder()
    extract(dataclasses.replace(settings, cache_dir=str(tmp_path), views="pooled"), recorder)
    assert any("differs in layout" in line for line in recorder.lines)
