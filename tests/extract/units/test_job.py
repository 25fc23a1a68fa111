"""A job for workers: the same recipe for all, and refusals of what a part of the rows cannot know."""

from pathlib import Path
from typing import Any

import pytest

from headstart.cache.runtime.errors import UserError
from headstart.cache.unit import digest_of_units
from headstart.extract.settings import Settings
from headstart.extract.units.job import prepare_units

from .conftest import GROUPS, ROWS


def test_the_recipe_stands_for_all_units(settings: Settings) -> None:
    job = prepare_units(settings)
    assert len(job.units) == job.job.recipe.units == GROUPS
    assert job.job.recipe.rows == digest_of_units(unit.mark for unit in job.units)
    assert job.job.recipe.row_count == ROWS
    assert prepare_units(settings).job.recipe == job.job.recipe


def test_every_unit_has_the_same_task(settings: Settings) -> None:
    job = prepare_units(settings)
    units = [job.read(unit).dataset for unit in job.units]
    assert {dataset.task for dataset in units} == {job.job.recipe.parsed_task}
    assert sum(dataset.counts.read for dataset in units) == ROWS
    assert [position for dataset in units for position in dataset.rows.tolist()] == [
        row for row in range(ROWS) if row not in (4, 19, 50)
    ]
    assert set(units[0].labels.tolist()) == {0}  # the second class comes later


def test_new_names_for_the_classes_of_the_first_rows(job_fields: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "you are kind", "label": 1}\n{"text": "rude", "label": 0}\n')
    fields = {"data": (str(tmp_path / "a.jsonl"),), "class_names": "fine,toxic"}
    job = prepare_units(Settings(**job_fields | fields))
    assert job.job.recipe.parsed_task.classes == ("fine", "toxic")
    assert job.read(job.units[0]).dataset.labels.tolist() == [1, 0]


def lines_of(*labels: int) -> str:
    return "".join(f'{{"text": "you are {row}", "label": {label}}}\n' for row, label in enumerate(labels))


FIRST_FILES = {
    "empty": "",
    "blank": "\n" * 9,
    "without text": '{"text": "", "label": 0}\n',
    "small": lines_of(0, 0),
}


@pytest.mark.parametrize("first", FIRST_FILES.values(), ids=[*FIRST_FILES])
def test_small_files_show_together_how_labels_are_written(
    first: str, job_fields: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "a.jsonl").write_text(first)
    (tmp_path / "b.jsonl").write_text(lines_of(0, 1, 1))
    fields = {"data": (str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")), "class_names": None}
    job = prepare_units(Settings(**job_fields | fields))
    labels = [label for unit in job.units for label in job.read(unit).dataset.labels.tolist()]
    assert labels[-3:] == [0, 1, 1]
    assert job.job.recipe.parsed_task.classes == ("0", "1")


@pytest.mark.parametrize("content", ["", "\n\n", " \n"])
def test_data_without_rows_are_refused(content: str, job_fields: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(content)
    with pytest.raises(UserError, match=r"a\.jsonl holds no rows|is empty"):
        prepare_units(Settings(**job_fields | {"data": (str(tmp_path / "a.jsonl"),)}))


REFUSED = [
    ({"split_rule": "notebook"}, "--split-rule stable"),
    ({"split": "train"}, "--split all"),
    ({"limit": 10}, "--limit"),
    ({"on_bad_row": "report"}, "--on-bad-row report"),
    ({"coordinator": "host:1234"}, "--coordinator"),
]


@pytest.mark.parametrize(("fields", "says"), REFUSED)
def test_what_a_worker_cannot_do_is_refused(
    fields: dict[str, Any], says: str, job_fields: dict[str, Any]
) -> None:
    with pytest.raises(UserError, match=f"sees its own part of the rows alone, and cannot do: .*{says}"):
        prepare_units(Settings(**job_fields | fields))


def test_the_sample_is_too_small() -> None:
    with pytest.raises(UserError, match="too small to share"):
        prepare_units(Settings(split_rule="stable"))
