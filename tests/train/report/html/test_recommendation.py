"""Which head is recommended, and how honestly."""

import dataclasses

import pytest

from headstart.train.report.html.recommendation import recommend
from headstart.train.results.run_record import RunRecord
from headstart.train.statistics.findings import Estimate, Pair
from tests.train.report.html.made_runs import HEADS, TASKS, made_run
from tests.train.report.layered_runs import layered_run

TITLES = {"avg": "mean pooling", "gru": "GRU, last state"}
BASELINES = ("majority", "logreg_mean")


def run_of(scores: dict[str, float], differing: str = "", kind: str = "binary") -> RunRecord:
    """A run with these scores; `differing` names pairs, `avg gru, gru majority`."""
    run, _ = made_run(TASKS[kind])
    summary, pairs = run.statistics, [set(pair.split()) for pair in differing.split(",")]
    for name in {*HEADS, *BASELINES} - set(scores):
        del summary.metrics[name]
    for name, score in scores.items():
        summary.metrics[name][summary.compared] = Estimate(
            score, None, score - 0.1, score + 0.1, None, None, [score]
        )
    known = [(a, b) for a in scores for b in scores if a < b]
    every = [Pair(a, b, 0, 0, 0, None, 1, 1, 1, 1, {a, b} in pairs) for a, b in known]
    statistics = dataclasses.replace(summary, pairs=every, baselines=[b for b in BASELINES if b in scores])
    return dataclasses.replace(run, statistics=statistics)


@pytest.mark.parametrize(
    ("scores", "differing", "head", "sentence"),
    [
        (  # no difference: the cheapest, though it is not the highest
            {"avg": 0.8, "gru": 0.85, "lstm_pooled": 0.9},
            "",
            "avg",
            "Take avg (mean pooling), the simplest: no head is shown to be better than another; test accuracy 0.800 "
            "(95 % interval 0.700 to 0.900).",
        ),
        (
            {"avg": 0.8, "gru": 0.85},
            "",
            "avg",
            "Take avg (mean pooling), the simplest: no head is shown to be better than the other; test accuracy 0.800 "
            "(95 % interval 0.700 to 0.900).",
        ),
        (  # one is better than all others
            {"avg": 0.7, "gru": 0.85, "majority": 0.5},
            "avg gru, gru majority",
            "gru",
            "Take gru (GRU, last state), better than every other head; test accuracy 0.850 (95 % interval 0.750 to "
            "0.950), and it beats the baseline majority.",
        ),
        (  # some are as good, and the simplest of them is not the best
            {"avg": 0.6, "gru": 0.85, "lstm_pooled": 0.9},
            "avg lstm_pooled, avg gru",
            "gru",
            "Take gru (GRU, last state), the simplest of the 2 heads that cannot be told apart from lstm_pooled; test "
            "accuracy 0.850 (95 % interval 0.750 to 0.950).",
        ),
        (
            {"avg": 0.9, "gru": 0.85, "lstm_pooled": 0.6},
            "avg lstm_pooled",
            "avg",
            "Take avg (mean pooling), the best and the simplest of the 2 heads that cannot be told apart; test "
            "accuracy 0.900 (95 % interval 0.800 to 1.000).",
        ),
        (  # alone, against baselines
            {"lstm_pooled": 0.9, "majority": 0.5, "logreg_mean": 0.85},
            "lstm_pooled majority",
            "lstm_pooled",
            "Take lstm_pooled, the only head that was compared; test accuracy 0.900 (95 % interval 0.800 to 1.000), "
            "but nothing shows that it beats the baseline logreg_mean.",
        ),
        (
            {"avg": 0.9, "majority": 0.5, "logreg_mean": 0.85},
            "",
            "avg",
            "Take avg (mean pooling), the only head that was compared; test accuracy 0.900 (95 % interval 0.800 to "
            "1.000), but nothing shows that it beats any baseline.",
        ),
        (
            {"avg": 0.9, "majority": 0.5, "logreg_mean": 0.6},
            "avg majority, avg logreg_mean",
            "avg",
            "Take avg (mean pooling), the only head that was compared; test accuracy 0.900 (95 % interval 0.800 to "
            "1.000), and it beats the baselines majority and logreg_mean.",
        ),
        (  # a baseline beats it
            {"avg": 0.6, "logreg_mean": 0.9},
            "avg logreg_mean",
            "avg",
            "Take none of these heads yet: the baseline logreg_mean is better than avg (mean pooling), the only head "
            "that was compared; test accuracy 0.600 (95 % interval 0.500 to 0.700).",
        ),
    ],
)
def test_the_simplest_of_those_that_nothing_speaks_against(
    scores: dict[str, float], differing: str, head: str, sentence: str
) -> None:
    assert recommend(run_of(scores, differing), TITLES) == (head, sentence)


def test_of_equally_simple_ones_the_higher_score() -> None:
    run = run_of({"avg": 0.8, "gru": 0.82, "lstm_pooled": 0.9})
    rows = [dataclasses.replace(row, params=7) for row in run.results]
    assert recommend(dataclasses.replace(run, results=rows), {}).head == "lstm_pooled"


def test_of_several_labels_it_is_exact_match_that_is_named() -> None:
    said = recommend(run_of({"avg": 0.4, "gru": 0.5}, kind="multilabel"), {}).sentence
    assert "; exact-match test accuracy 0.400 " in said


def test_heads_that_diverged_are_none_to_take() -> None:
    run = run_of({"avg": 0.8, "gru": 0.85, "majority": 0.5}, "")
    run.statistics.metrics["avg"]["accuracy"] = Estimate(None, None, None, None, None, None, [None])
    assert recommend(run, {}).head == "gru"
    run.statistics.metrics["gru"]["accuracy"] = Estimate(None, None, None, None, None, None, [None])
    assert recommend(run, {}) == (None, "No head gave finite predictions: there is none to recommend.")


def test_of_layers_validation_rows_choose_and_not_test_rows() -> None:
    better = layered_run(heads=("avg",), better={"2": 0.97})
    assert better.layers
    assert recommend(better, {}) == ("avg@2", better.layers.verdict[0])
    alike = layered_run(heads=("avg",))
    assert alike.layers
    assert recommend(alike, {}) == ("avg@4", alike.layers.verdict[0])  # the last layer
