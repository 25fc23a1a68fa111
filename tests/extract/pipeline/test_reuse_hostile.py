"""Neighbours that a stranger prepared stop no extraction."""

import dataclasses
import os
import shutil
from pathlib import Path

import pytest

from headstart.cache import CacheError, open_cache
from headstart.cache.inspect.verify import verify
from headstart.extract.pipeline import job as jobs
from headstart.extract.pipeline.reuse import describe_nearest, neighbours
from headstart.extract.pipeline.run import extract
from headstart.extract.settings import Settings

from ...cache.hostile import CLOSED, OPEN
from ..conftest import Recorder


@pytest.fixture(scope="module")
def whole(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(
        extract(dataclasses.replace(settings, cache_dir=str(tmp_path_factory.mktemp("x"))), Recorder())
    )


def test_hostile_neighbours_are_passed_over(settings: Settings, whole: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "theirs").mkdir(parents=True)
    (outside / "precious").write_text("{}")
    root = tmp_path / "features"
    for name, hostile in {**CLOSED, **OPEN}.items():
        if name not in (
            "labels below 0",
            "labels of 2^31",
            "sparse",
            "many values",
        ):  # of another shape, or slow
            hostile(Path(shutil.copytree(whole, root / f"{name}\x1b")), outside)
    job = jobs.prepare(dataclasses.replace(settings, cache_dir=str(root)))
    near = [neighbour.fields for neighbour in neighbours(job)]
    assert len(near) >= len(OPEN) - 3
    assert near[0] == []
    assert describe_nearest(job)
    assert sorted(os.listdir(outside)) == ["precious", "theirs"]


@pytest.mark.parametrize(
    ("name", "refused"), [("lock.json.__lock", True), ("manifest.json", True), ("recipe.json.__lock", False)]
)
def test_an_extraction_into_a_prepared_folder_harms_nobody(
    settings: Settings, whole: Path, name: str, refused: bool, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    here = dataclasses.replace(settings, cache_dir=str(tmp_path / "features"))
    folder = Path(shutil.copytree(whole, tmp_path / "features" / whole.name))
    (folder / "manifest.json").unlink()
    (folder / name).symlink_to(precious)
    if refused:
        with pytest.raises(CacheError, match=f"{name} is a link"):
            extract(here, Recorder())
        (folder / name).unlink()
    extract(here, Recorder())
    assert precious.read_text() == "precious"
    assert verify(open_cache(str(folder))) == []


def test_a_promised_block_that_is_gone_is_computed_again_by_the_same_command(
    settings: Settings, whole: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(whole, tmp_path / whole.name))
    here = dataclasses.replace(settings, cache_dir=str(tmp_path))
    promised = open_cache(str(folder)).manifest.splits
    (folder / "valid/00000/block.json").unlink()
    reporter = Recorder()
    assert extract(here, reporter) == str(folder)
    assert not any("complete already" in line for line in reporter.lines)
    assert verify(open_cache(str(folder))) == []
    assert open_cache(str(folder)).manifest.splits == promised
