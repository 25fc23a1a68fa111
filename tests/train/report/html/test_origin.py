"""The commands that make a run again, and what it was made of."""

import dataclasses
import shlex

import pytest

from headstart.heads import HEADS
from headstart.train.options import ComparisonSettings, command_lines
from headstart.train.report.html.origin import bench_command, data, origin
from tests.train.report.html.made_runs import TASKS, made_run

SETTINGS = [
    ComparisonSettings(),
    ComparisonSettings(
        heads="avg,gru", seeds=3, epochs=7, batch_size=16, batching="exact", precision="bfloat16"
    ),
    ComparisonSettings(class_weight="balanced", memory="host", memory_limit=5_000_000, folds=4, quick=True),
    ComparisonSettings(notebook=True, deduplicate=True, no_floors=True),
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_command_means_the_same_settings(settings: ComparisonSettings) -> None:
    run, _ = made_run(TASKS["binary"])
    line = bench_command(dataclasses.replace(run, settings=settings))
    program, script, *arguments = shlex.split(line)
    assert (program, script) == ("python", "bench.py")
    again = command_lines(tuple(HEADS), (), "")[""].parse(arguments)[0]
    assert again == dataclasses.replace(settings, cache="features/made-minilm-0123456789")


def test_a_place_with_spaces_is_quoted() -> None:
    run, _ = made_run(TASKS["binary"])
    cache = dataclasses.replace(run.cache, location="my features/x; rm")
    assert "--cache 'my features/x; rm'" in bench_command(dataclasses.replace(run, cache=cache))


def test_rows_classes_and_leaks_are_told() -> None:
    run, _ = made_run(TASKS["multiclass"])
    shown = data(run)
    assert "Rows: train 200, valid 40, test 60. Task: multiclass (hate, offence, neither)." in shown
    assert "3 rows of test also in train" in shown
    assert "also in" not in data(dataclasses.replace(run, leaks=None))
    many = dataclasses.replace(run, task=run.task._replace(classes=tuple(map(str, range(25)))))
    assert "18, 19 …)" in data(many)


def test_recipe_environment_and_times_are_listed() -> None:
    run, _ = made_run(TASKS["binary"])
    shown = origin(run)
    for value in ("python -m extract --data made.csv", "150", "0.10.2", "12.5 s", "ab" * 32):
        assert value in shown
    assert "epochs</th>" not in shown[shown.index("Environment") :]  # a list, no time
