"""A cache is finished when all units are there, and not before."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from headstart.cache.__main__ import _again
from headstart.cache.inspect.repair import damaged_units, drop_blocks
from headstart.cache.inspect.verify import verify
from headstart.cache.reader import open_cache
from headstart.cache.runtime.errors import UserError
from headstart.cache.splits import split_order
from headstart.cache.storage.store import Store
from headstart.extract.settings import Settings
from headstart.extract.units.finish import finish, missing_units
from headstart.extract.units.job import prepare_units

from ..conftest import Recorder
from .test_work import fingerprint, run_workers


def test_missing_units_are_named(settings: Settings) -> None:
    location = run_workers(settings, "1/3")
    job = prepare_units(settings)
    assert missing_units(job, Store(location)) == [0, 2, 3, 5]
    with pytest.raises(UserError, match=r"4 of 6 units are not computed yet: 0, 2, 3, 5; .*--worker 0/6"):
        finish(job, Recorder())
    assert not (Path(location) / "manifest.json").exists()


def test_finishing_again_changes_nothing(settings: Settings) -> None:
    location = run_workers(settings, "0/1")
    before = open_cache(location).manifest
    assert list(before.splits) == sorted(before.splits, key=split_order)
    assert str(before.source["command"]).endswith("--worker 0/1")
    (Path(location) / "manifest.json").unlink()
    job = prepare_units(settings)
    for _ in range(2):
        finish(job, Recorder())
        again = open_cache(location).manifest
        assert (again.splits, again.seconds) == (before.splits, before.seconds)


def test_a_block_that_is_gone_is_no_finished_cache(settings: Settings) -> None:
    location = run_workers(settings, "0/1")
    (Path(location) / "manifest.json").unlink()
    shutil.rmtree(Path(location) / "train" / "05000")
    job = prepare_units(settings)
    with pytest.raises(UserError, match=r"1 blocks are gone, such as train/05000/block\.json"):
        finish(job, Recorder())
    assert not (Path(location) / "manifest.json").exists()


def test_what_a_repair_drops_is_computed_as_it_was(settings: Settings) -> None:
    location = run_workers(settings, "0/1")
    before, cache = fingerprint(location), open_cache(location)
    drop_blocks(cache, ["train/01000", "train/05000"])
    (Path(location) / "units/00002/unit.json").write_text("{}")
    assert _again(cache, ["train"]) == [["--worker", "0/1", "--block-rows", "5"]]
    run_workers(settings, "0/1")
    assert verify(open_cache(location)) == []
    assert fingerprint(location) == before


def test_damaged_records_of_units_can_be_mended(settings: Settings) -> None:
    location = run_workers(settings, "0/1")
    record = Path(location) / "units/00002/unit.json"
    record.write_text(record.read_text().replace('"used"', '"usee"'))
    problems = verify(open_cache(location))
    assert damaged_units(problems) == [problems[0].detail]
    assert "units/00002/unit.json was changed" in problems[0].detail


@pytest.mark.parametrize("rows", [1, 3])
def test_a_split_without_rows_is_no_finished_cache(
    rows: int, job_fields: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "you are kind", "label": 1}\n' * rows)  # one text, one split
    with pytest.raises(UserError, match=r"the split \w+ gets no row; use more rows, or another --seed"):
        run_workers(Settings(**job_fields | {"data": (str(tmp_path / "a.jsonl"),)}), "0/1")
