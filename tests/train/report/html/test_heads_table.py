"""The table of heads, and the pairs that differ."""

import dataclasses
import re

import pytest
from markupsafe import escape

from headstart.train.report.html.heads_table import differences, scores
from headstart.train.statistics.findings import Estimate, Pair
from tests.train.report.html.made_runs import TASKS, made_run


@pytest.mark.parametrize("kind", TASKS)
def test_a_row_for_each_head_with_the_run_s_numbers(kind: str) -> None:
    run, _ = made_run(TASKS[kind], seeds=2)
    shown = scores(run, {"gru": "simple GRU"}, {})
    rows = re.findall(r'<tr(?: class="(\w*)")?>', shown[: shown.index("</table>")])
    assert rows[1:] == ["floor", "floor", "", "", ""]
    assert shown.count("<small>baseline</small>") == 4  # two have no other title here
    assert "<small>simple GRU</small>" in shown
    for name, estimate in run.statistics.compared_estimates().items():
        assert f">{run.statistics.groups[name]}</td>" in shown
        assert f">{estimate.low:.3f} to {estimate.high:.3f}</td>" in shown
        assert f"{estimate.mean:.4f} ± " in shown or estimate.sd is None
    for note in run.statistics.notes:
        assert str(escape(note)) in shown


def test_the_notebook_s_names_are_a_footnote() -> None:
    run, _ = made_run(TASKS["binary"])
    shown = scores(
        run, {"gru": "GRU, last state"}, {"gru": "Finetuned <simple> GRU", "bigru": "Finetuned BiGRU"}
    )
    footnote = shown[shown.index("What the notebook calls these heads") :]
    assert "gru: Finetuned &lt;simple&gt; GRU." in footnote
    assert shown.count("Finetuned") == 1  # no head that was not compared, and no row of the table
    assert "What the notebook calls" not in scores(run, {}, {})


def test_pairs_that_differ_come_by_their_p_value() -> None:
    run, _ = made_run(TASKS["binary"])
    pairs = [
        Pair("a", "b", 0.1, 0.05, 0.15, None, 9, 2, 0.001, 0.02, True),
        Pair("a", "c", 0.2, 0.1, 0.3, None, 20, 1, 1e-6, 2e-5, True),
        Pair("b", "c", 0.01, -0.1, 0.1, None, 5, 4, 0.9, 1.0, False),
    ]
    shown = differences(dataclasses.replace(run.statistics, pairs=pairs))
    assert "2 of 3 pairs differ" in shown
    assert re.findall(r'class="head" data-value="(\w) \W (\w)"', shown) == [("a", "c"), ("a", "b")]
    assert "+0.100 to +0.300" in shown
    assert "<table" not in differences(dataclasses.replace(run.statistics, pairs=pairs[2:]))


@pytest.mark.parametrize(
    ("measure", "reason"),
    [
        ("loss", "loss is not defined where the loss of a row is infinite: gru."),
        ("roc_auc", "ROC-AUC is not defined where no class has both"),
        ("f1", "F1 is not defined where no test row has class 1"),
    ],
)
def test_a_dash_has_a_reason(measure: str, reason: str) -> None:
    run, _ = made_run(TASKS["binary"])
    metrics = run.statistics.metrics["gru"]
    assert reason not in scores(run, {}, {})
    metrics[measure] = Estimate(None, None, None, None, None, None, [None])
    assert reason in scores(run, {}, {})


def test_so_has_a_value_without_an_interval_and_a_head_without_numbers() -> None:
    run, _ = made_run(TASKS["binary"])
    run.statistics.metrics["gru"]["brier"] = Estimate(0.0, None, None, None, None, None, [0.0])
    assert "the same in every resample" in scores(run, {}, {})
    run, _ = made_run(TASKS["binary"], diverged="avg")
    assert "A head that diverged has no numbers." in scores(run, {}, {})


@pytest.mark.parametrize("value", [-0.0, -1e-6, -4e-5])
def test_zero_has_no_sign(value: float) -> None:
    run, _ = made_run(TASKS["binary"])
    run.statistics.metrics["gru"]["loss"] = Estimate(value, None, value, 0.1, None, None, [value])
    pair = Pair("a", "b", value, value, 0.15, None, 9, 2, 0.001, 0.02, True)
    shown = scores(run, {}, {}) + differences(dataclasses.replace(run.statistics, pairs=[pair]))
    assert not re.search(r">[-+]?-0\.0+<|-0\.000 ", shown)
