"""The first screen: title, a line about the run, figures."""

import dataclasses

import pytest

from headstart.train.report.html.opening import about, figures, opening, title
from headstart.train.report.html.recommendation import recommend
from headstart.train.results.run_record import CacheFacts, RunRecord
from tests.train.report.html.made_runs import TASKS, made_run
from tests.train.report.layered_runs import layered_run


def from_source(**source: str) -> RunRecord:
    run, _ = made_run(TASKS["binary"])
    return dataclasses.replace(run, cache=CacheFacts(name="made-minilm-0123456789", source=source))


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ({"data": "jigsaw.csv", "label_column": "Toxic"}, "Toxic in jigsaw.csv: three heads compared"),
        ({"data": "/home/me/a b.tsv", "label_column": "y"}, "y in a b.tsv: three heads compared"),
        ({"data": "x.csv", "label_column": "toxic,threat"}, "toxic, threat in x.csv: three heads compared"),
        ({"data": "x.csv", "label_column": "a,b,c,d,e"}, "Five labels in x.csv: three heads compared"),
        ({"data": "hf:someone/comments"}, "comments: three heads compared"),
        ({"data": "folder/", "label_column": ""}, "folder: three heads compared"),
        ({}, "made-minilm-0123456789: three heads compared"),
    ],
)
def test_a_title_is_what_a_person_would_call_it(source: dict[str, str], says: str) -> None:
    assert title(from_source(**source)) == says


def test_heads_are_counted_without_baselines() -> None:
    run = from_source(data="a.csv")
    metrics = run.statistics.metrics
    one = {name: metrics[name] for name in ("majority", "avg")}
    many = {**metrics, **{f"h{number}": metrics["avg"] for number in range(10)}}
    for kept, says in ((one, "one head compared"), (many, "13 heads compared")):
        assert title(
            dataclasses.replace(run, statistics=dataclasses.replace(run.statistics, metrics=kept))
        ) == (f"a.csv: {says}")


def test_of_layers_heads_and_layers_are_counted() -> None:
    assert title(layered_run()) == "Toxic in made.csv: two heads on five layers compared"
    assert title(layered_run(heads=("avg",))) == "Toxic in made.csv: one head on five layers compared"
    assert title(layered_run(heads=("avg",), plain=("gru",))) == "Toxic in made.csv: seven heads compared"


def test_a_line_tells_rows_task_encoder_seeds_and_date() -> None:
    run, _ = made_run(TASKS["multilabel"], seeds=2)
    assert about(run) == (
        "300 rows (train 200, valid 40, test 60) · 3 labels a row · encoder minilm, frozen · 2 seeds · "
        "28 November 2026"
    )
    run, _ = made_run(TASKS["binary"])
    bare = dataclasses.replace(run, environment={}, rows={}, cache=CacheFacts(name="made"))
    assert about(bare) == "two classes · encoder unknown, frozen"
    for forged in ("28.11.2026", "2026-13-01", "\x1b[2J", "0"):
        assert "2026" not in about(dataclasses.replace(bare, environment={"date": forged}))
    folds = dataclasses.replace(bare, settings=dataclasses.replace(bare.settings, folds=5))
    assert about(folds).startswith("each tested once in 5 folds · ")
    run = dataclasses.replace(run, settings=folds.settings)
    assert about(run).startswith("300 rows, each tested once in 5 folds · ")


def test_three_figures_are_the_run_s() -> None:
    run, _ = made_run(TASKS["binary"])
    shown = figures(run, "gru")
    values = list(shown.values())
    estimates = run.statistics.compared_estimates()
    best = max(run.baselines, key=lambda name: estimates[name].mean or 0.0)
    assert values == [f"{estimates['gru'].mean:.3f}", f"{estimates[best].mean:.3f}", "0.06 ms"]
    assert f"95 % interval {estimates['gru'].low:.3f} to {estimates['gru'].high:.3f}" in next(iter(shown))
    assert f"{best}, the best baseline" in list(shown)[1]
    assert figures(dataclasses.replace(run, baselines=[], inference={}), None) == {}


def test_more_rows_are_advised_where_nothing_is_told_apart() -> None:
    run, _ = made_run(TASKS["binary"])
    advice = "with <code>--folds 5</code> all 300 rows are tested, not 60."
    alike = [pair._replace(differs=False) for pair in run.statistics.pairs]
    run = dataclasses.replace(run, statistics=dataclasses.replace(run.statistics, pairs=alike))
    assert advice in opening(run, {}, recommend(run, {}))
    folds = dataclasses.replace(run, settings=dataclasses.replace(run.settings, folds=5))
    assert advice not in opening(folds, {}, recommend(folds, {}))
    apart = [pair._replace(differs={pair.a, pair.b} == {"avg", "gru"}) for pair in alike]
    run = dataclasses.replace(run, statistics=dataclasses.replace(run.statistics, pairs=apart))
    assert advice not in opening(run, {}, recommend(run, {}))


def test_how_to_label_with_the_recommended_head_is_said_where_there_is_one() -> None:
    run, _ = made_run(TASKS["binary"])
    head = recommend(run, {}).head
    assert f'python predict.py --run FOLDER --head {head} "some text"' in opening(run, {}, recommend(run, {}))
    folds = dataclasses.replace(run, settings=dataclasses.replace(run.settings, folds=5))
    assert "predict.py" not in opening(folds, {}, recommend(folds, {}))
    assert "predict.py" not in opening(run, {}, recommend(run, {})._replace(head=None))
