import json
import math

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from headstart.cache.task import BINARY, Task
from headstart.train.metrics.probabilities import choose_thresholds, probabilities_of
from headstart.train.metrics.scores import metric_names
from headstart.train.results.run_record import encode
from headstart.train.statistics.bootstrap import draw
from headstart.train.statistics.entrant import SplitAnswers
from headstart.train.statistics.summary import summarise

TASKS = [BINARY, Task("multiclass", ("x", "y", "z")), Task("multilabel", ("x", "y", "z"))]
NOISE = {"good": 0.7, "fair": 1.0, "poor": 3.0}


def rows_of(task, rows, seed):
    """Labels and logits of three heads with two seeds each, and of a baseline with one."""
    rng = np.random.default_rng(seed)
    shape = (rows, task.outputs)
    labels = rng.integers(0, 3, rows) if task.kind == "multiclass" else rng.integers(0, 2, shape)
    truth = 2 * (np.eye(3)[labels] if task.kind == "multiclass" else labels) - 1
    noisy = {name: truth + noise * rng.normal(size=(2, *shape)) for name, noise in NOISE.items()}
    logits = {name: own.astype(np.float32) for name, own in noisy.items()}
    logits["majority"] = np.full((1, *shape), 0.1, np.float32)
    return (labels[:, 0] if task.kind == "binary" else labels).astype(np.int32), logits


def summary_of(task, rows=120, change=None, **how):
    labels_valid, logits_valid = rows_of(task, 80, 0)
    labels_test, logits_test = rows_of(task, rows, 1)
    if change is not None:
        change(logits_test)
    how = {"baselines": {"majority"}, "resamples": 200, **how}
    valid, test = SplitAnswers(labels_valid, logits_valid), SplitAnswers(labels_test, logits_test)
    return summarise(task, valid, test, **how)


def test_every_part_is_there_for_every_kind_of_task():
    for task in TASKS:
        summary = summary_of(task)
        json.dumps(encode(summary), allow_nan=False)
        assert list(summary.metrics) == ["good", "fair", "poor", "majority"]
        for own in summary.metrics.values():
            assert tuple(own) == metric_names(task)
        assert len(summary.pairs) == 6
        assert summary.baselines == ["majority"]
        assert len(summary.verdict) == 2
        assert summary.verdict[0].startswith("good has the highest mean")
        assert set(summary.groups["good"]).isdisjoint(summary.groups["poor"])


def test_means_and_spreads_over_seeds():
    labels, logits = rows_of(BINARY, 120, 1)
    own = summary_of(BINARY).metrics["fair"]["roc_auc"]
    values = [metrics.roc_auc_score(labels, seed[:, 0]) for seed in logits["fair"]]
    assert own.per_seed == pytest.approx(values)
    assert own.mean == pytest.approx(np.mean(values))
    assert own.sd == pytest.approx(np.std(values, ddof=1))


def test_the_interval_is_that_of_the_mean_over_seeds_on_resampled_rows():
    labels, logits = rows_of(BINARY, 120, 1)
    counts = draw(120, 200, [0, 0]).astype(int)
    means = [
        np.mean([metrics.roc_auc_score(labels, seed[:, 0], sample_weight=own) for seed in logits["fair"]])
        for own in counts.T
    ]
    own = summary_of(BINARY).metrics["fair"]["roc_auc"]
    # 120 rows vary a little less than what they are drawn from
    tail = stats.norm.cdf(stats.t.ppf(0.025, 119) * np.sqrt(120 / 119))
    assert [own.low, own.high] == pytest.approx(np.quantile(means, [tail, 1 - tail]), abs=1e-6)
    assert own.anew_low < own.low < own.high < own.anew_high


def test_a_baseline_has_one_seed_and_no_spread():
    own = summary_of(BINARY).metrics["majority"]["accuracy"]
    assert (own.sd, own.anew_low) == (None, None)
    assert len(own.per_seed) == 1


def test_thresholds_come_from_validation_and_decide_f1_of_several_labels_alone():
    labels_valid, logits_valid = rows_of(BINARY, 80, 0)
    labels, logits = rows_of(BINARY, 120, 1)
    summary = summary_of(BINARY)
    threshold = summary.threshold["fair"]
    assert threshold == choose_thresholds(
        BINARY, labels_valid, probabilities_of(BINARY, logits_valid["fair"])
    )
    shares = probabilities_of(BINARY, logits["fair"])[..., 0]
    own = summary.metrics["fair"]
    assert own["f1"].per_seed == pytest.approx([metrics.f1_score(labels, seed > 0.5) for seed in shares])
    expected = [metrics.accuracy_score(labels, seed > 0.5) for seed in shares]
    assert own["accuracy"].per_seed == pytest.approx(expected)
    assert summary_of(TASKS[1]).threshold["fair"] is None
    several, (labels, logits) = summary_of(TASKS[2]), rows_of(TASKS[2], 120, 1)
    thresholds = several.threshold["fair"]
    assert len(thresholds) == 3
    decided = [probabilities_of(TASKS[2], seed) > thresholds for seed in logits["fair"]]
    assert several.metrics["fair"]["f1"].per_seed == pytest.approx(
        [metrics.f1_score(labels, seed, average="macro") for seed in decided]
    )


def test_confusion_and_classes_are_those_of_the_mean_probability():
    for task in TASKS:
        labels, logits = rows_of(task, 120, 1)
        shares = probabilities_of(task, logits["fair"]).mean(axis=0)
        summary = summary_of(task)
        said = shares.argmax(axis=1) if task.kind == "multiclass" else (shares > 0.5).astype(int)
        matrix = (
            metrics.multilabel_confusion_matrix if task.kind == "multilabel" else metrics.confusion_matrix
        )
        assert summary.confusion["fair"] == matrix(labels, said).tolist()
        report = metrics.precision_recall_fscore_support(labels, said, zero_division=0)
        for k, name in enumerate(task.classes):
            own = summary.per_class["fair"][name]
            assert list(own) == pytest.approx([column[k] for column in report])


def test_curves_end_where_they_must():
    for task in TASKS:
        curves = summary_of(task, rows=1000).curves["fair"]
        roc, calibration = curves.roc, curves.calibration
        assert (roc.fpr[0], roc.tpr[0], roc.fpr[-1], roc.tpr[-1]) == (0, 0, 1, 1)
        assert len(roc.fpr) == len(roc.tpr) <= 200
        assert sum(calibration.rows) == 2 * 1000 * (3 if task.kind == "multilabel" else 1)
        # thinned out, it keeps its area
        labels, logits = rows_of(task, 1000, 1)
        truth = np.eye(3)[labels] if task.kind == "multiclass" else labels
        area = metrics.roc_auc_score(
            truth.ravel(), probabilities_of(task, logits["fair"]).mean(axis=0).ravel()
        )
        assert metrics.auc(roc.fpr, roc.tpr) == pytest.approx(area, abs=2e-3)


def test_a_seed_that_diverged_is_left_out_and_named():
    def spoil(logits):
        logits["fair"][0, 3] = np.nan

    summary = summary_of(BINARY, change=spoil)
    assert summary.diverged == {"fair": [0]}
    own = summary.metrics["fair"]["accuracy"]
    assert own.per_seed[0] is None
    assert own.mean == own.per_seed[1]
    assert own.sd is None
    assert summary.groups["fair"]


def test_a_head_that_diverged_has_no_numbers_and_no_letters():
    def spoil(logits):
        logits["good"][:] = np.nan

    for task in TASKS:
        summary = summary_of(task, change=spoil)
        json.dumps(encode(summary), allow_nan=False)
        assert summary.metrics["good"]["accuracy"].mean is None
        assert summary.metrics["good"]["accuracy"].per_seed == [None, None]
        assert (summary.groups["good"], summary.confusion["good"], summary.curves["good"]) == (
            "",
            None,
            None,
        )
        assert {pair.a for pair in summary.pairs} == {"fair", "poor"}
        assert summary.verdict[1].endswith("good diverged and is left out.")


def test_nothing_but_a_diverged_head():
    nan = {"gru": np.full((1, 9, 1), np.nan, np.float32)}
    labels = np.arange(9) % 2
    summary = summarise(BINARY, SplitAnswers(labels, nan), SplitAnswers(labels, nan))
    json.dumps(encode(summary), allow_nan=False)
    assert summary.verdict[0] == "No head gave finite predictions."


def test_infinite_logits_cost_the_loss_alone():
    def spoil(logits):
        logits["majority"][:] = np.inf

    own = summary_of(BINARY, change=spoil).metrics["majority"]
    assert own["loss"].mean is own["loss"].low is None
    assert own["accuracy"].mean is not None


@pytest.mark.parametrize("label", [0, 1])
def test_test_rows_of_one_class(label):
    labels = np.full(30, label)
    logits = {"gru": np.random.default_rng(0).normal(size=(2, 30, 1)).astype(np.float32)}
    answers = SplitAnswers(labels, logits)
    summary = summarise(BINARY, answers, answers, resamples=50)
    json.dumps(encode(summary), allow_nan=False)
    own = summary.metrics["gru"]["roc_auc"]
    assert own.mean is own.sd is own.low is own.anew_low is None
    assert summary.curves["gru"].roc is None
    assert summary.verdict[1] == "There is nothing else to compare it with."


def test_a_single_test_row():
    summary = summarise(
        BINARY,
        SplitAnswers(np.array([0, 1]), {"a": np.ones((1, 2, 1))}),
        SplitAnswers(np.array([1]), {"a": np.ones((1, 1, 1))}),
        resamples=20,
    )
    accuracy = summary.metrics["a"]["accuracy"]
    assert (accuracy.mean, accuracy.high) == (1, 1)
    assert accuracy.low == pytest.approx(0.025)
    assert summary.metrics["a"]["loss"].low is None
    assert math.isclose(summary.metrics["a"]["loss"].mean, np.log1p(np.exp(-1)))


def test_the_same_seed_gives_the_same_numbers():
    assert summary_of(BINARY) == summary_of(BINARY)
    assert summary_of(BINARY) != summary_of(BINARY, seed=1)
