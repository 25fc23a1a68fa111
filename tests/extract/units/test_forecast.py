"""What a job will take, beside what it took."""

from pathlib import Path
from typing import Any

from headstart.cache.reader import open_cache
from headstart.extract.settings import Settings
from headstart.extract.units.forecast import forecast
from headstart.extract.units.job import prepare_units

from .conftest import GROUPS, ROWS
from .test_work import run_workers


def test_rows_are_those_of_the_footers(settings: Settings) -> None:
    plan = forecast(prepare_units(settings))
    assert (plan.units, plan.files, plan.rows, plan.exact, plan.largest_rows) == (GROUPS, 1, ROWS, True, 12)
    assert plan.remark is None
    assert "6 units in 1 files, 72 rows" in next(plan.lines())
    assert plan.to_json()["rows"] == ROWS


def test_the_cache_has_about_the_size(settings: Settings) -> None:
    plan = forecast(prepare_units(settings))
    location = run_workers(settings, "0/1")
    manifest = open_cache(location).manifest
    assert 0.7 < plan.tokens / manifest.tokens < 1.4
    arrays = sum(path.stat().st_size for path in Path(location).rglob("c/**/*") if path.is_file())
    assert 0.5 < plan.cache_bytes / arrays < 2


def test_lines_are_estimated(job_fields: dict[str, Any], tmp_path: Path) -> None:
    row = '{"text": "you are very kind and good", "label": %d}\n'
    (tmp_path / "a.jsonl").write_text("".join(row % (number % 2) for number in range(500)))
    plan = forecast(prepare_units(Settings(**job_fields | {"data": (str(tmp_path / "a.jsonl"),)})))
    assert not plan.exact
    assert 250 < plan.rows < 1000
    assert "about" in next(plan.lines())
