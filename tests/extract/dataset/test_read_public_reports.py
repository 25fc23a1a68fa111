"""Files that users of other tools reported: see public_reports.toml."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from headstart.cache.runtime.errors import UserError
from headstart.extract.dataset.read import read_dataset
from headstart.extract.settings import Settings

REPORTS = tomllib.loads((Path(__file__).parent / "public_reports.toml").read_text())["report"]


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report["source"].split("github.com/")[1])
def test_a_file_that_another_tool_failed_on(report: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / report["file"]
    path.write_text(report["content"], encoding="utf-8", newline="")
    settings = Settings(data=str(path), on_bad_row="skip", **report.get("settings", {}))
    if message := report.get("refusal"):
        with pytest.raises(UserError, match=message):
            read_dataset(settings)
        return
    dataset = read_dataset(settings)
    assert list(dataset.texts) == report["rows"]
    assert dataset.counts.bad == report.get("bad", 0)
    assert list(dataset.task.classes) == report["classes"]
    if labels := report.get("labels"):
        assert dataset.labels.tolist() == labels
