"""Inputs that users of neighbouring tools reported in public are read as they mean it, or refused in words."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from headstart.cache import UserError

from ..extract.conftest import dataset_of

REPORTS: list[dict[str, Any]] = tomllib.loads((Path(__file__).parent / "reports.toml").read_text())["report"]


@pytest.mark.parametrize("report", REPORTS, ids=[report["source"] for report in REPORTS])
def test_a_report(tmp_path: Path, report: dict[str, Any]) -> None:
    path = tmp_path / report["name"]
    path.write_bytes(report["content"].encode())
    if says := report.get("error"):
        with pytest.raises(UserError, match=re.escape(says)):
            dataset_of(str(path), **report["options"])
        return
    rows = dataset_of(str(path), **report["options"])
    assert list(rows.task.classes) == report["classes"]
    assert rows.labels.tolist() == report.get("labels", rows.labels.tolist())
    assert list(rows.texts) == report.get("texts", list(rows.texts))
    assert (rows.counts.used, rows.counts.bad) == (rows.counts.read - rows.counts.bad, report.get("bad", 0))


def test_every_report_is_of_a_kind_of_its_own() -> None:
    assert (
        len({report["kind"] for report in REPORTS})
        == len({report["source"] for report in REPORTS})
        == len(REPORTS)
    )
