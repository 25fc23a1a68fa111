"""What is on disk whole is not computed again; what is not, is."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from cache import UserError, open_cache
from cache.store import StorageError
from cache.verify import verify
from cache.writer import CacheWriter
from extract import space
from extract.rows import read_rows
from extract.run import extract
from extract.settings import Settings

from .conftest import Recorder


class StoppedError(Exception):
    """Stands for whatever ends a run."""


def stop_after(blocks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """End the run in the middle of writing the next block, its arrays written and its record not."""
    real, written = CacheWriter.write_block, 0

    def write_block(self: CacheWriter, split: str, number: int, *rest: object) -> object:
        nonlocal written
        written += 1
        record = real(self, split, number, *rest)
        if written > blocks:
            self.store.delete_file(f"{split}/{record.name}/block.json")
            raise StoppedError
        return record

    monkeypatch.setattr(CacheWriter, "write_block", write_block)


def content(location: str) -> dict[str, bytes]:
    """Every file but the manifest, which holds times, and what the lock leaves."""
    return {
        str(path.relative_to(location)): path.read_bytes()
        for path in Path(location).rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }


@pytest.fixture(scope="module")
def undisturbed(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> str:
    return extract(dataclasses.replace(settings, cache_dir=str(tmp_path_factory.mktemp("whole"))), Recorder())


@pytest.mark.parametrize("blocks", [0, 1, 3, 4])
def test_a_resumed_cache_is_bit_identical(
    settings: Settings, undisturbed: str, blocks: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = dataclasses.replace(settings, cache_dir=str(tmp_path))
    with monkeypatch.context() as patched:
        stop_after(blocks, patched)
        with pytest.raises(StoppedError):
            extract(here, Recorder())
    location = str(tmp_path / Path(undisturbed).name)
    with pytest.raises(UserError, match="is unfinished"):
        open_cache(location)
    before = {path: path.stat().st_mtime_ns for path in Path(location).glob("*/*/block.json")}
    assert len(before) == blocks
    recorder = Recorder()
    assert extract(here, recorder) == location
    assert content(location) == content(undisturbed)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert any(f"resuming: {blocks} of 5 blocks done" in line for line in recorder.lines) == (blocks > 0)
    assert verify(open_cache(location)) == []


def test_a_block_with_a_damaged_record_is_computed_again(
    settings: Settings, undisturbed: str, tmp_path: Path
) -> None:
    location = Path(shutil.copytree(undisturbed, tmp_path / Path(undisturbed).name))
    (location / "manifest.json").unlink()
    (location / "train/00001/block.json").write_text("{")
    recorder = Recorder()
    extract(dataclasses.replace(settings, cache_dir=str(tmp_path)), recorder)
    assert "resuming: 4 of 5 blocks done" in recorder.lines
    assert content(str(location)) == content(undisturbed)


def test_other_block_sizes_leave_nothing_behind(settings: Settings, undisturbed: str, tmp_path: Path) -> None:
    location = Path(shutil.copytree(undisturbed, tmp_path / Path(undisturbed).name))
    (location / "manifest.json").unlink()
    extract(dataclasses.replace(settings, cache_dir=str(tmp_path), block_rows=40), Recorder())
    assert len(list(location.glob("train/*"))) == 2
    assert verify(open_cache(str(location))) == []


def test_repaired_blocks_are_the_only_ones_computed(
    settings: Settings, undisturbed: str, tmp_path: Path
) -> None:
    from cache.repair import drop_damaged

    location = shutil.copytree(undisturbed, tmp_path / Path(undisturbed).name)
    shutil.rmtree(location / "valid/00000/hidden/c")
    cache = open_cache(str(location))
    assert drop_damaged(cache, verify(cache)) == ["valid/00000"]
    recorder = Recorder()
    extract(dataclasses.replace(settings, cache_dir=str(tmp_path)), recorder)
    assert recorder.total == sum(block.tokens for block in open_cache(undisturbed).manifest.splits["valid"])
    assert content(str(location)) == content(undisturbed)


def test_the_nearest_cache_is_named_with_what_differs(
    settings: Settings, undisturbed: str, tmp_path: Path
) -> None:
    shutil.copytree(undisturbed, tmp_path / Path(undisturbed).name)
    recorder = Recorder()
    extract(dataclasses.replace(settings, cache_dir=str(tmp_path), max_length=30), recorder)
    assert (
        f"new cache; the nearest one, {tmp_path / Path(undisturbed).name}, differs in max_length"
        in recorder.lines
    )


def appended(settings: Settings, folder: Path) -> Settings:
    """The same settings over a file with 15 more rows at its end."""
    longer = folder / Path(settings.data).name
    more = [f"you are kind {'very ' * row},{row % 2}" for row in range(15)]
    longer.write_text("\n".join([Path(settings.data).read_text(), *more]))
    return dataclasses.replace(settings, data=str(longer))


def test_a_file_that_grew_under_the_stable_rule(settings: Settings, tmp_path: Path) -> None:
    here = dataclasses.replace(settings, cache_dir=str(tmp_path), split_rule="stable", block_rows=10)
    old = open_cache(extract(here, Recorder()))
    recorder = Recorder()
    grown = open_cache(extract(appended(here, tmp_path), recorder))
    full = sum(record.rows == 10 for _, record in old.manifest.blocks())
    assert full >= 3
    line = f"15 rows were added to {old.name}: {full} of its blocks are taken over"
    assert line in recorder.lines
    assert recorder.total < grown.manifest.tokens
    for name in ("train", "valid", "test"):
        before, after = old.split(name), grown.split(name)
        assert after.rows[: len(before.rows)].tolist() == before.rows.tolist()
        np.testing.assert_allclose(after.hidden[: len(before.hidden)], before.hidden, atol=1e-4)
    assert verify(grown) == []


def test_a_file_that_grew_under_the_notebook_s_rule(
    settings: Settings, undisturbed: str, tmp_path: Path
) -> None:
    shutil.copytree(undisturbed, tmp_path / Path(undisturbed).name)
    recorder = Recorder()
    extract(appended(dataclasses.replace(settings, cache_dir=str(tmp_path)), tmp_path), recorder)
    (line,) = [line for line in recorder.lines if "rows were added" in line]
    assert "deals all rows anew" in line
    assert "--split-rule stable" in line


def test_a_file_that_changed_at_its_beginning_has_not_grown(settings: Settings, tmp_path: Path) -> None:
    here = dataclasses.replace(settings, cache_dir=str(tmp_path), split_rule="stable", block_rows=10)
    extract(here, Recorder())
    longer = appended(here, tmp_path)
    text = Path(longer.data).read_text().splitlines()
    Path(longer.data).write_text("\n".join([text[0], "you are good,0", *text[2:]]))
    recorder = Recorder()
    extract(longer, recorder)
    assert not any("rows were added" in line for line in recorder.lines)


def test_too_little_room_is_said_before_the_backbone_starts(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(space.shutil, "disk_usage", lambda path: usage._replace(free=1000))
    recorder = Recorder()
    with pytest.raises(UserError, match=r"needs .* but its disk has 1.0 kB free"):
        extract(dataclasses.replace(settings, cache_dir=str(tmp_path / "new")), recorder)
    assert recorder.total == 0
    assert not list((tmp_path / "new").glob("*"))


def test_a_disk_that_fills_up_keeps_what_is_finished(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise StorageError("x", ValueError("RESOURCE_EXHAUSTED: Failed to write: No space left on device"))

    with monkeypatch.context() as patched:
        patched.setattr("cache.writer.write_array", full)
        with pytest.raises(UserError, match="is full; make room and run the same command again"):
            extract(dataclasses.replace(settings, cache_dir=str(tmp_path)), Recorder())
    extract(dataclasses.replace(settings, cache_dir=str(tmp_path)), Recorder())


def test_other_files_in_the_way_are_not_ours(settings: Settings, undisturbed: str, tmp_path: Path) -> None:
    location = tmp_path / Path(undisturbed).name
    other = dataclasses.replace(open_cache(undisturbed).recipe, max_length=9)
    CacheWriter(str(location), other).begin()
    with pytest.raises(UserError, match=r"another recipe \(it differs in max_length\)"):
        extract(dataclasses.replace(settings, cache_dir=str(tmp_path)), Recorder())


def test_the_digest_of_the_first_rows(comments_csv: Path) -> None:
    rows = read_rows(str(comments_csv), None, None, None)
    first = rows._replace(texts=rows.texts[:42], labels=rows.labels[:42], rows=rows.rows[:42])
    assert rows.digest(42) == first.digest()
    assert rows.digest() != first.digest()
