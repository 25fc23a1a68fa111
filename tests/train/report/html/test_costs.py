"""What accuracy costs."""

import dataclasses
import re

from headstart.train.report.html.costs import LETTER, costs
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
        assert set(re.findall(r'class="name"[^>]*>(\w+)<', figure)) == {"avg", "lstm_pooled"}


def test_names_do_not_lie_over_one_another() -> None:
    run, _ = made_run(TASKS["multiclass"])
    found = costs(run, "accuracy")
    for part in found.split("</figure>")[:-1]:
        boxes = []
        for x, y, anchor, name in re.findall(
            r'<text class="name" x="([\d.]+)" y="([\d.]+)" text-anchor="(\w+)">(\w+)<', part
        ):
            wide = LETTER * len(name)
            left = float(x) if anchor == "start" else float(x) - wide
            boxes.append((left, left + wide, float(y)))
        for at, (left, right, y) in enumerate(boxes):
            assert not any(
                left < end and begin < right and abs(y - other) < 10 for begin, end, other in boxes[:at]
            )


def test_a_head_that_diverged_and_a_cost_of_nothing_are_left_out() -> None:
    run, _ = made_run(TASKS["binary"], diverged="gru")
    assert "gru" not in costs(run, "accuracy")
    run = dataclasses.replace(run, inference={})
    assert costs(run, "accuracy").count("<figure>") == 1
