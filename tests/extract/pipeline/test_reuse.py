"""What is on disk whole is not computed again; what is not, is."""

import dataclasses
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from headstart.cache import UserError, open_cache
from headstart.cache.inspect.verify import verify
from headstart.cache.writer import CacheWriter
from headstart.extract.pipeline.run import extract
from headstart.extract.settings import Settings

from ..conftest import Recorder, dataset_of


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
    assert len(list(location.glob("train/*/block.json"))) == 2
    assert verify(open_cache(str(location))) == []


def test_repaired_blocks_are_the_only_ones_computed(
    settings: Settings, undisturbed: str, tmp_path: Path
) -> None:
    from headstart.cache.inspect.repair import damaged_blocks, drop_blocks

    location = shutil.copytree(undisturbed, tmp_path / Path(undisturbed).name)
    shutil.rmtree(location / "valid/00000/hidden/c")
    cache = open_cache(str(location))
    assert drop_blocks(cache, damaged_blocks(verify(cache))) == ["valid"]
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


def test_other_files_in_the_way_are_not_ours(settings: Settings, undisturbed: str, tmp_path: Path) -> None:
    location = tmp_path / Path(undisturbed).name
    other = dataclasses.replace(open_cache(undisturbed).recipe, max_length=9)
    CacheWriter(str(location), other).begin()
    with pytest.raises(UserError, match=r"another recipe \(it differs in max_length\)"):
        extract(dataclasses.replace(settings, cache_dir=str(tmp_path)), Recorder())


def test_the_digest_of_the_first_rows(comments_csv: Path) -> None:
    rows = dataset_of(str(comments_csv))
    first = rows._replace(texts=rows.texts[:42], labels=rows.labels[:42], rows=rows.rows[:42])
    assert rows.digest(42) == first.digest()
    assert rows.digest() != first.digest()


def repair(location: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "cache", "repair", str(location), "--", *flags]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def test_repair_computes_the_damaged_block_and_no_other(settings: Settings, tmp_path: Path) -> None:
    here = dataclasses.replace(settings, cache_dir=str(tmp_path))
    extract(dataclasses.replace(here, split="train"), Recorder())
    location = Path(
        extract(dataclasses.replace(here, split="valid"), Recorder())
    )  # the last command names valid only
    whole = content(str(location))
    before = {path: path.stat().st_mtime_ns for path in location.glob("*/*/block.json")}
    shutil.rmtree(location / "train/00001/pooled")
    wrong = repair(location, *dataclasses.replace(here, seed=1).command.split()[3:])
    assert wrong.returncode == 2
    assert "nothing was dropped" in wrong.stderr
    assert list(open_cache(str(location)).manifest.splits) == ["train", "valid"]
    done = repair(location, *dataclasses.replace(here, block_rows=1024).command.split()[3:])
    assert done.returncode == 0, done.stderr
    assert "sound again" in done.stdout
    assert content(str(location)) == whole
    assert list(open_cache(str(location)).manifest.splits) == ["train", "valid"]
    changed = [path for path in before if path.stat().st_mtime_ns != before[path]]
    assert changed == [location / "train/00001/block.json"]


def test_a_block_of_another_recipe_is_computed_again(
    settings: Settings, undisturbed: str, tmp_path: Path
) -> None:
    here = dataclasses.replace(settings, cache_dir=str(tmp_path))
    other = extract(dataclasses.replace(here, compute_dtype="bfloat16"), Recorder())
    location = Path(shutil.copytree(undisturbed, tmp_path / Path(undisturbed).name))
    (location / "manifest.json").unlink()
    shutil.rmtree(location / "train/00000")
    shutil.copytree(Path(other) / "train/00000", location / "train/00000")
    extract(here, Recorder())
    assert content(str(location)) == content(undisturbed)


def test_links_lead_nowhere(settings: Settings, undisturbed: str, tmp_path: Path) -> None:
    location = Path(shutil.copytree(undisturbed, tmp_path / Path(undisturbed).name))
    outside = Path(shutil.copytree(location / "train", tmp_path / "outside"))
    shutil.rmtree(location / "train")
    (location / "train").symlink_to(outside)
    (location / "manifest.json").unlink()
    before = content(str(outside))
    with pytest.raises(UserError, match="is a link"):
        extract(dataclasses.replace(settings, cache_dir=str(tmp_path)), Recorder())
    assert content(str(outside)) == before
