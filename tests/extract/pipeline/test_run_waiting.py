"""Two jobs for one cache: what the second does while the first fills it."""

import dataclasses
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from headstart.cache.writer import CacheWriter
from headstart.extract.pipeline import extractor
from headstart.extract.pipeline import run as stage_one
from headstart.extract.pipeline.accuracy import Backbones
from headstart.extract.pipeline.extractor import load_backbones
from headstart.extract.pipeline.job import ExtractJob, prepare
from headstart.extract.pipeline.run import extract
from headstart.extract.settings import Settings

from ..conftest import Recorder


@pytest.fixture
def own(settings: Settings, tmp_path: Path) -> Settings:
    return dataclasses.replace(settings, cache_dir=str(tmp_path))


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The caches that a backbone has been loaded for."""
    jobs: list[str] = []

    def load(job: ExtractJob) -> Backbones:
        jobs.append(job.location)
        return load_backbones(job)

    monkeypatch.setattr(extractor, "load_backbones", load)
    return jobs


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def start_behind_another(thread: ThreadPoolExecutor, own: Settings, recorder: Recorder) -> Future[str]:
    """Start a job, and return when it has said whom it waits for; the caller holds the lock."""
    job = thread.submit(extract, own, recorder)
    deadline = time.monotonic() + 60
    while not any("waiting for it" in line for line in recorder.lines):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return job


def test_who_waits_leaves_the_devices_alone(
    own: Settings, loaded: list[str], thread: ThreadPoolExecutor
) -> None:
    job, recorder = prepare(own), Recorder()
    with CacheWriter(job.location, job.recipe).alone(recorder.log):
        waiting = start_behind_another(thread, own, recorder)
        time.sleep(0.5)
        assert recorder.lines[-1].endswith("waiting for it")
        assert not loaded
    assert waiting.result(120) == job.location
    assert loaded == [job.location]


def test_who_waited_for_the_very_same_job_has_nothing_to_do(
    own: Settings, loaded: list[str], thread: ThreadPoolExecutor
) -> None:
    job, recorder = prepare(own), Recorder()
    elsewhere = dataclasses.replace(own, cache_dir=own.cache_dir + "/elsewhere")
    filled = Path(extract(elsewhere, Recorder()))
    loaded.clear()
    with CacheWriter(job.location, job.recipe).alone(recorder.log):
        waiting = start_behind_another(thread, own, recorder)
        for path in filled.iterdir():  # what the other job does meanwhile
            path.rename(Path(job.location) / path.name)
    assert waiting.result(120) == job.location
    assert not loaded
    assert not any("tokens" in line for line in recorder.lines)
    assert stage_one.missing_splits(job, CacheWriter(job.location, job.recipe)) == []
