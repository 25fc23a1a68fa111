"""Workers fill one cache, bit for bit the same however many they are, and compute nothing twice."""

import dataclasses
import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headstart.cache.inspect.verify import verify
from headstart.cache.reader import Cache, open_cache
from headstart.cache.runtime.errors import CacheError, UserError
from headstart.cache.splits import SPLITS
from headstart.cache.unit import NAME
from headstart.extract.pipeline.extractor import FeatureExtractor
from headstart.extract.pipeline.run import extract
from headstart.extract.settings import Settings
from headstart.extract.units.finish import finish_if_last
from headstart.extract.units.work import work

from ..conftest import Recorder
from .conftest import GROUPS, write_comments


def run_workers(settings: Settings, *workers: str) -> str:
    """Run workers one after another; returns the cache's location."""
    for worker in workers:
        job = work(dataclasses.replace(settings, worker=worker), Recorder())
        finish_if_last(job, Recorder())
    return job.job.location


def all_of(count: int) -> list[str]:
    return [f"{number}/{count}" for number in range(count)]


def fingerprint(location: str) -> dict[str, str]:
    """SHA-256 of every file but those that say how long it took."""
    files = [path for path in Path(location).rglob("*") if path.is_file()]
    return {
        str(path.relative_to(location)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.name not in ("manifest.json", NAME)
    }


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, int]]:
    """How often each block was computed."""
    counts, real = Counter[tuple[str, int]](), FeatureExtractor.compute

    def compute(self: FeatureExtractor, plan: Any) -> Any:
        counts[plan.block.key] += 1
        return real(self, plan)

    monkeypatch.setattr(FeatureExtractor, "compute", compute)
    return counts


def test_any_number_of_workers_makes_the_same_cache(
    job_fields: dict[str, Any], tmp_path: Path, computed: Counter[tuple[str, int]]
) -> None:
    locations = []
    for count in (1, 2, 4):
        settings = Settings(**job_fields | {"cache_dir": str(tmp_path / str(count))})
        locations.append(run_workers(settings, *reversed(all_of(count))))
    assert len({Path(location).name for location in locations}) == 1
    first = fingerprint(locations[0])
    assert all(fingerprint(location) == first for location in locations[1:])
    assert set(computed.values()) == {3}
    for location in locations:
        assert verify(open_cache(location)) == []


def test_a_worker_says_what_it_takes_the_data_for(settings: Settings) -> None:
    recorder = Recorder()
    work(dataclasses.replace(settings, worker="0/6"), recorder)
    assert "comments.parquet: text 'text', label 'label', binary (0, 1)" in recorder.lines
    assert "unit 0 of 6: 12 rows read = 11 used + 1 rows without text left out + 0 bad" in recorder.lines


def test_features_are_those_of_one_process(job_fields: dict[str, Any], tmp_path: Path) -> None:
    shared = open_cache(run_workers(Settings(**job_fields), *all_of(3)))
    alone = open_cache(extract(Settings(**job_fields | {"cache_dir": str(tmp_path / "one")}), Recorder()))
    assert shared.recipe.key != alone.recipe.key
    assert shared.manifest.rows == alone.manifest.rows == 69
    assert shared.manifest.source["rows_without_text"] == 3
    for split in SPLITS:
        one, other = shared.split(split), alone.split(split)
        for name in ("rows", "labels", "lengths"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        assert one.texts == other.texts
        np.testing.assert_allclose(hidden(shared, split), hidden(alone, split), atol=1e-5)


def hidden(cache: Cache, split: str) -> np.ndarray:
    return np.concatenate([cache.read(split, record, "hidden") for record in cache.manifest.splits[split]])


def test_a_worker_that_breaks_off_goes_on_where_it_was(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, computed: Counter[tuple[str, int]]
) -> None:
    real = FeatureExtractor.compute
    for stop in (0, 1, 4, 7):
        left = [stop]

        def breaking(self: FeatureExtractor, plan: Any, left: list[int] = left) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            return real(self, plan)

        with monkeypatch.context() as patch:
            patch.setattr(FeatureExtractor, "compute", breaking)
            with pytest.raises(KeyboardInterrupt):
                run_workers(settings, "0/1")
    location = run_workers(settings, "1/2", "0/2")
    assert set(computed.values()) == {1}  # `breaking` calls the counting one
    assert verify(open_cache(location)) == []
    elsewhere = dataclasses.replace(settings, cache_dir=str(tmp_path / "other"))
    assert fingerprint(location) == fingerprint(run_workers(elsewhere, "0/1"))


def test_what_is_there_is_not_computed_again(settings: Settings, computed: Counter[tuple[str, int]]) -> None:
    location = run_workers(settings, "0/1")
    before = computed.total()
    assert run_workers(settings, "0/1", "2/3") == location
    assert computed.total() == before


@pytest.mark.parametrize(
    "damage",
    [pytest.param("removed", marks=pytest.mark.slow), pytest.param("cut", marks=pytest.mark.slow), "another"],
)
def test_a_damaged_record_of_a_unit_is_written_again(
    damage: str, settings: Settings, computed: Counter[tuple[str, int]]
) -> None:
    location = Path(run_workers(settings, "0/1"))
    record, other = (location / "units" / f"0000{number}" / NAME for number in (3, 4))
    before = computed.total()
    if damage == "removed":
        record.unlink()
    else:
        record.write_bytes(other.read_bytes() if damage == "another" else record.read_bytes()[:-20])
    assert [problem.kind for problem in verify(open_cache(str(location)))] == ["unit"]
    run_workers(settings, "3/6")
    assert computed.total() == before  # its blocks are there
    assert verify(open_cache(str(location))) == []


def test_a_block_that_is_gone_is_computed_again(
    settings: Settings, computed: Counter[tuple[str, int]]
) -> None:
    location = Path(run_workers(settings, "0/1"))
    before, prints = computed.copy(), fingerprint(str(location))
    (location / "train" / "03000" / "block.json").unlink()
    run_workers(settings, "3/6")
    assert computed - before == Counter({("train", 3000): 1})
    assert fingerprint(str(location)) == prints


def test_until_the_last_worker_there_is_no_cache(settings: Settings) -> None:
    location = run_workers(settings, "0/2")
    with pytest.raises(CacheError, match="is unfinished"):
        open_cache(location)
    run_workers(settings, "1/2")
    assert open_cache(location).recipe.units == GROUPS


def test_data_that_changed_are_other_data(
    settings: Settings, job_fields: dict[str, Any], tmp_path: Path
) -> None:
    first = run_workers(settings, "0/2")
    other = write_comments(tmp_path / "comments.parquet", seed=4)
    second = run_workers(Settings(**job_fields | {"data": (str(other),)}), "1/2")
    assert Path(first).name != Path(second).name


def test_a_label_that_no_class_has_is_named(
    job_fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headstart.extract.dataset.read.ROWS", 12)  # those of the first unit
    with pytest.raises(UserError, match=r"two classes are needed.*--class-names a,b"):
        run_workers(Settings(**job_fields | {"class_names": None}), "0/1")
    with pytest.raises(
        UserError, match=r"\(row group 3\), data row 6: .*'1', which is none of --class-names 0, x"
    ):
        run_workers(Settings(**job_fields | {"class_names": "0,x"}), "0/1")


def test_blocks_too_many_for_a_unit(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart.extract.units.work.MOST_BLOCKS", 1)
    with pytest.raises(UserError, match="larger with --block-rows"):
        run_workers(settings, "0/1")


def test_letters_that_cleaning_takes_are_said(job_fields: dict[str, Any], tmp_path: Path) -> None:
    rows = [
        {"text": f"{'das schöne, größere Mädchen' if n % 2 else 'you are kind'} {n}", "label": n % 2}
        for n in range(40)
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    recorder = Recorder()
    work(Settings(**job_fields | {"data": (str(tmp_path / "a.jsonl"),), "worker": "0/1"}), recorder)
    assert any("--clean none" in line for line in recorder.lines)
