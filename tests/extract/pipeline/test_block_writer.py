"""Blocks written behind the backbone: in order, with full disks and lost locks."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from headstart.cache import UserError
from headstart.cache.block import Block
from headstart.cache.runtime.progress import Clock, Reporter
from headstart.cache.storage.lock import Lock
from headstart.cache.storage.store import StorageError, Store
from headstart.cache.writer import CacheWriter
from headstart.extract.features.blocks import BlockRows
from headstart.extract.pipeline import extractor
from headstart.extract.pipeline.block_writer import writing_behind
from headstart.extract.pipeline.distributed import Hosts
from headstart.extract.pipeline.job import RunContext, prepare
from headstart.extract.pipeline.run import extract
from headstart.extract.settings import Settings

from ..conftest import Recorder


def block_of(rows: int) -> Block:
    lengths, numbers = np.ones(rows, np.int32), np.arange(rows)
    zeros = np.zeros((rows, 16), np.float32)
    texts = np.zeros(rows, np.uint8)
    return Block(
        zeros, lengths, np.zeros(rows, np.int32), numbers, np.zeros((rows, 3, 16), np.float32), texts
    )


@pytest.fixture
def run(settings: Settings, tmp_path: Path) -> RunContext:
    job = prepare(dataclasses.replace(settings, cache_dir=str(tmp_path), layers="last"))
    writer = CacheWriter(job.location, job.recipe)
    writer.begin()
    return RunContext(job, writer, lambda: None, Hosts(), Clock(), Reporter())


def test_all_blocks_are_on_disk_at_the_end(run: RunContext) -> None:
    blocks = [BlockRows("train", number, 3 * number, np.arange(3)) for number in range(4)]
    with writing_behind(run) as writer:
        for block in blocks:
            writer.write(block, block_of(3))
    assert list(writer.records) == [block.key for block in blocks]
    for block in blocks:
        assert run.writer.committed(block.split, block.number) == writer.records[block.key]
    assert run.clock.seconds["write"] > 0


def test_the_lock_is_asked_for_before_every_block(run: RunContext) -> None:
    def lost() -> None:
        raise UserError("lost its lock")

    with (
        pytest.raises(UserError, match="lost its lock"),
        writing_behind(run._replace(check_lock=lost)) as writer,
    ):
        writer.write(BlockRows("train", 0, 0, np.arange(3)), block_of(3))
    assert run.writer.committed("train", 0) is None


def test_other_errors_of_a_disk_stay_what_they_are(run: RunContext, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise StorageError("x", ValueError("Input/output error"))

    monkeypatch.setattr(run.writer, "write_block", broken)
    with pytest.raises(StorageError, match="Input/output"), writing_behind(run) as writer:
        writer.write(BlockRows("train", 0, 0, np.arange(3)), block_of(3))


def test_a_disk_that_fills_up_keeps_what_is_finished(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise StorageError("x", ValueError("RESOURCE_EXHAUSTED: Failed to write: No space left on device"))

    with monkeypatch.context() as patched:
        patched.setattr("headstart.cache.writer.write_array", full)
        with pytest.raises(UserError, match="is full; make room and run the same command again"):
            extract(dataclasses.replace(settings, cache_dir=str(tmp_path)), Recorder())
    extract(dataclasses.replace(settings, cache_dir=str(tmp_path)), Recorder())


def test_who_lost_the_lock_does_not_touch_what_another_finished(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, real = dataclasses.replace(settings, cache_dir=str(tmp_path)), extractor.compute_block
    location = Path(prepare(here).location)

    def taken_over_meanwhile(*arguments: object) -> object:
        if (location / "train/00001").exists():
            assert Lock(Store(str(location))).take(Store(str(location)).generation("lock.json"))
        return real(*arguments)

    monkeypatch.setattr(extractor, "compute_block", taken_over_meanwhile)
    with pytest.raises(UserError, match="lost its lock"):
        extract(here, Recorder())
    assert not (location / "manifest.json").exists()
    assert (location / "lock.json").exists()  # it is the other's
