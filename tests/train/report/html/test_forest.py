"""Intervals of all heads on one scale."""

import dataclasses
import re

import pytest

from headstart.train.report.html.forest import MOST_HEADS, forest
from headstart.train.results.run_record import RunRecord
from headstart.train.statistics.findings import Estimate
from tests.train.report.html.made_runs import TASKS, made_run

ROW = re.compile(r'(?s)<tr class="(\w+)"><th scope="row"><span>([^<]*)</span>(.*?)</tr>')


def estimate(mean: float, low: float, high: float) -> Estimate:
    return Estimate(mean, None, low, high, None, None, [mean])


def run_of(**estimates: Estimate) -> RunRecord:
    """A run that compares just these; the majority class is its baseline."""
    run, _ = made_run(TASKS["binary"])
    metrics = {name: {"accuracy": one} for name, one in estimates.items()}
    return dataclasses.replace(
        run, statistics=dataclasses.replace(run.statistics, metrics=metrics), baselines=["majority"]
    )


def places(row: str) -> list[float]:
    """Where an interval begins and ends, and where its dot is, in per cent of the axis."""
    line = re.findall(r'<line x1="([\d.]+)%" x2="([\d.]+)%"', row)[-1]
    return [float(place) for place in (*line, *re.findall(r'cx="([\d.]+)%"', row))]


def test_the_best_comes_first_and_every_row_says_what_it_draws() -> None:
    run = run_of(majority=estimate(0.5, 0.4, 0.6), avg=estimate(0.7, 0.6, 0.8), gru=estimate(0.8, 0.7, 0.85))
    shown = forest(run, {"gru": "GRU, <last> state"}, "avg")
    rows = ROW.findall(shown)
    assert [(kind, name) for kind, name, _ in rows] == [
        ("head", "gru"),
        ("recommended", "avg"),
        ("baseline", "majority"),
    ]
    assert "GRU, &lt;last&gt; state" in rows[0][2]
    assert "0.800<small>0.700 to 0.850</small>" in rows[0][2]
    assert [" <em>recommended</em>" in row for *_, row in rows] == [False, True, False]
    begin, end, dot = places(rows[1][2])
    other, its_end, its_dot = places(rows[0][2])
    assert begin < other
    assert dot < its_dot
    assert end < its_end
    assert (dot - begin) / (end - begin) == pytest.approx(0.5, abs=0.01)  # the scale is even
    assert (its_dot - dot) / (end - begin) == pytest.approx(0.5, abs=0.01)


def test_the_majority_class_does_not_press_the_others_together() -> None:
    run = run_of(majority=estimate(0.1, 0.05, 0.15), avg=estimate(0.7, 0.6, 0.8))
    baseline = ROW.findall(forest(run, {}, None))[1][2]
    assert "0.100<small>0.050 to 0.150</small>" in baseline
    assert "<circle" not in baseline  # beyond the axis
    assert places(ROW.findall(forest(run, {}, None))[0][2])[1] - 50 > 30


def test_no_number_of_the_axis_is_beyond_what_can_be_or_said_twice() -> None:
    for mean, reach in ((0.98, 0.05), (0.5, 0.5), (0.912, 0.003), (0.02, 0.1)):
        run = run_of(avg=estimate(mean, max(0.0, mean - reach), min(1.0, mean + reach)))
        ticks = re.findall(r">([\d.]+)%</text>", forest(run, {}, None))
        assert 2 <= len(ticks) <= 4
        assert len(set(ticks)) == len(ticks)
        assert all(0 <= float(tick) <= 100 for tick in ticks)


def test_heads_that_diverged_come_last_and_one_beyond_a_screen_is_counted() -> None:
    many = {f"h{number}": estimate(0.5 + number / 100, 0.4, 0.9) for number in range(MOST_HEADS + 3)}
    lost = Estimate(None, None, None, None, None, None, [None])
    run = run_of(majority=estimate(0.3, 0.2, 0.4), avg=lost, **many)
    rows = ROW.findall(forest(run, {}, "h0"))
    assert [name for _, name, _ in rows] == [f"h{n}" for n in range(MOST_HEADS + 2, 2, -1)] + [
        "h0",
        "majority",
    ]
    assert "3 more heads are in the table below." in forest(run, {}, "h0")
    few = run_of(majority=estimate(0.3, 0.2, 0.4), avg=lost, gru=estimate(0.5, 0.4, 0.6))
    *_, last = ROW.findall(forest(few, {}, "gru"))
    assert last[1] == "avg"
    assert "\u2013</td>" in last[2]
