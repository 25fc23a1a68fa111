"""What is said to do after a comparison."""

import dataclasses

import pytest

from headstart.cache.task import BINARY
from headstart.train.options import ComparisonSettings, command_lines
from headstart.train.report.next_steps import FEW_ROWS, is_undecided, next_steps
from tests.train.report.html.made_runs import TASKS, made_run

PATH, CACHE = "my results/made-0", "features/made-0"
LINE = command_lines(("avg", "gru"), ("avg",), "")[""]


def steps(undecided=True, prog="python bench.py", **settings):
    run, _ = made_run(BINARY)
    pairs = [pair._replace(differs=not undecided) for pair in run.statistics.pairs]
    run = dataclasses.replace(run, statistics=dataclasses.replace(run.statistics, pairs=pairs))
    return list(next_steps(run, PATH, ComparisonSettings(**settings), CACHE, prog))


def settings_of(words):
    """What a command line means, from which `python bench.py` is cut."""
    assert words[:2] == ["python", "bench.py"]
    return LINE.parse(words[2:])[0]


def test_a_finished_run_labels_texts():
    report, label = steps(undecided=False)
    assert report == ("the report is my results/made-0/report.html", [])
    assert label.words == [
        "python", "predict.py", "--run", PATH, "--input", "new.csv", "--output", "labels.csv"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "settings",
    [
        {"heads": "avg,gru"},
        {"seeds": 3, "out": "my results", "fresh": True, "no_floors": True},
        {"class_weight": "balanced", "log": "wandb", "memory_limit": 4096, "cache": "newest"},
    ],
)
def test_few_rows_that_decide_nothing_lead_to_folds(settings):
    _, folds, label = steps(**settings)
    assert folds.about.startswith(
        "60 test rows are too few to tell the heads apart; --folds 5 tests all 300 rows"
    )
    expected = ComparisonSettings(**{**settings, "folds": 5, "cache": CACHE, "fresh": None})
    assert settings_of(folds.words) == expected
    assert "predict.py" in label.words


def test_heads_of_folds_and_of_a_try_label_nothing():
    _, again = steps(folds=5, heads="avg")
    assert settings_of(again.words) == ComparisonSettings(heads="avg", cache=CACHE)
    _, again = steps(quick=True, seeds=2)
    assert settings_of(again.words) == ComparisonSettings(seeds=2, cache=CACHE)


def test_layers_stay_layers():
    _, folds, _ = steps(prog="python bench.py layers", heads="avg,maxavg")
    assert folds.words[:5] == ["python", "bench.py", "layers", "--heads", "avg,maxavg"]


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_one_head_that_is_beaten_decides_something(task):
    summary = made_run(task)[0].statistics
    heads = {name: mean.mean for name, mean in summary.compared_estimates().items()}
    first = max((name for name in heads if name not in summary.baselines), key=heads.__getitem__)

    def with_difference(a, b):
        pairs = [pair._replace(differs={pair.a, pair.b} == {a, b}) for pair in summary.pairs]
        return dataclasses.replace(summary, pairs=pairs)

    others = [name for name in heads if name not in (first, *summary.baselines)]
    assert is_undecided(with_difference(*others))  # the first of three is beside both
    assert is_undecided(with_difference(first, "majority"))
    assert not is_undecided(with_difference(first, others[0]))
    assert not is_undecided(dataclasses.replace(with_difference(*others), rows=FEW_ROWS + 1))
    alone = {name: metrics for name, metrics in summary.metrics.items() if name not in others}
    assert not is_undecided(dataclasses.replace(summary, metrics=alone))
