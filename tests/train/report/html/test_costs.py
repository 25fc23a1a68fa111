"""What accuracy costs."""

import dataclasses
import itertools
import re

import numpy as np
import pytest

from headstart.train.report.html.costs import Spot, costs, scatter
from headstart.train.statistics.findings import Estimate
from tests.train.report.html.made_runs import HEADS, TASKS, made_run


def test_every_head_with_a_cost_is_a_spot_with_its_interval() -> None:
    run, _ = made_run(TASKS["binary"])
    shown = costs(run, "accuracy")
    assert re.findall(r"<title[^>]*>([^<]*)</title>", shown) == [
        "accuracy against parameters",
        "accuracy against seconds for 1,000 rows, features given",
    ]
    parameters = shown[: shown.index("</figure>")]
    for name, count in HEADS.items():
        mean, low, high = run.statistics.metrics[name]["accuracy"].known
        assert f"{name}: {mean:.3f} ({low:.3f} to {high:.3f}) at {count:.3g}" in parameters
    assert "majority" not in parameters  # it has no parameters
    assert "train" not in shown  # heads that train together have no time to themselves


def test_a_head_is_named_where_no_other_is_both_cheaper_and_better() -> None:
    run, _ = made_run(TASKS["binary"])
    for name, value in {"avg": 0.8, "gru": 0.7, "lstm_pooled": 0.9}.items():
        run.statistics.metrics[name]["accuracy"] = Estimate(value, None, 0.5, 0.95, None, None, [value])
    parameters, inference = costs(run, "accuracy").split("</figure>")[:2]
    for figure in (parameters, inference):
        words = re.findall(r">([^<>]+)</text>", figure)
        assert [word for word in words if word in HEADS] == ["lstm_pooled", "avg"]


@pytest.mark.parametrize("seed", range(4))
def test_names_lie_neither_on_one_another_nor_on_dots_nor_beyond_the_axes(seed: int) -> None:
    random = np.random.default_rng(seed)
    costs = np.sort(10 ** random.uniform(2, 2.5 + seed, 12))
    scores = np.sort(random.uniform(0.8, 0.81 + seed / 20, 12))  # all are named
    spots = [
        Spot(f"a_name_{at}", cost, score, score - 0.02, score + 0.02, at == 0)
        for at, (cost, score) in enumerate(zip(costs.tolist(), scores.tolist(), strict=True))
    ]
    (axes,) = scatter("a title", "parameters", spots).axes
    names = [text.get_window_extent() for text in axes.texts]
    assert len(names) >= 5
    for box, other in itertools.combinations(names, 2):
        assert not box.overlaps(other)
    for box in names:
        assert axes.bbox.x0 <= box.x0 < box.x1 <= axes.bbox.x1
        assert not any(box.contains(*dot) for dot in axes.transData.transform([spot[1:3] for spot in spots]))


@pytest.mark.parametrize("costs", [(385.0,), (100.0, 300.0), (0.0005, 0.08), (1.0, 5e6)])
def test_an_axis_of_costs_has_numbers_that_differ(costs: tuple[float, ...]) -> None:
    figure = scatter("a title", "x", [Spot("a", cost, 0.5, 0.4, 0.6, False) for cost in costs])
    figure.draw_without_rendering()
    (axes,) = figure.axes
    low, high = axes.get_xlim()
    assert low < min(costs) <= max(costs) < high
    ticks = zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
    labels = [label.get_text() for tick, label in ticks if low <= tick <= high]
    assert len(set(labels)) == len(labels) >= 1
    assert all(low <= float(label.replace(",", "")) <= high for label in labels)


def test_a_head_that_diverged_and_a_cost_of_nothing_are_left_out() -> None:
    run, _ = made_run(TASKS["binary"], diverged="gru")
    assert "gru" not in costs(run, "accuracy")
    run = dataclasses.replace(run, inference={})
    assert costs(run, "accuracy").count("<figure>") == 1
