"""Few rows, one class, all right, all wrong, sure answers, many classes: numbers that are right, or none."""

import json
import math

import numpy as np
import pytest

from headstart.cache.task import BINARY, Task
from headstart.train.results.run_record import encode
from headstart.train.statistics.entrant import SplitAnswers
from headstart.train.statistics.summary import summarise

MANY, HUNDREDS = (Task("multiclass", tuple(f"c{k}" for k in range(count))) for count in (25, 250))
SEVERAL = Task("multilabel", ("a", "b", "c"))


def logits_of(task, labels, right, size=3.0):
    """Logits `[1, n, o]` that decide rows rightly or wrongly."""
    if task.kind == "multiclass":
        said = np.where(right, labels, (labels + 1) % len(task.classes))
        return (size * np.eye(len(task.classes))[said])[None].astype(np.float32)
    truth = labels.reshape(len(labels), -1) == 1
    return np.where(truth == np.reshape(right, (-1, 1)), size, -size)[None].astype(np.float32)


def summary_of(task, labels, **right):
    """Summary of heads that are right on some rows; a head called `sure` gives probabilities of 0 and 1."""
    logits = {
        name: logits_of(task, labels, np.resize(own, len(labels)), 1e5 if name == "sure" else 3.0)
        for name, own in right.items()
    }
    answers = SplitAnswers(labels, logits)
    summary = summarise(task, answers, answers, resamples=50)
    json.dumps(encode(summary), allow_nan=False)
    return summary


@pytest.mark.parametrize(
    ("task", "labels"),
    [
        (BINARY, np.array([1])),
        (BINARY, np.zeros(20, int)),
        (BINARY, np.arange(20) % 2),
        (MANY, np.arange(20)),
        (SEVERAL, np.arange(60).reshape(20, 3) % 2),
    ],
)
def test_all_right_and_all_wrong(task, labels):
    summary = summary_of(task, labels, right=True, wrong=False, sure=True)
    rows = len(labels)
    for name in ("accuracy", summary.compared):
        good, bad = (summary.metrics[head][name] for head in ("right", "wrong"))
        assert (good.mean, good.high, bad.mean, bad.low) == (1, 1, 0, 0)
        assert good.low == pytest.approx(0.025 ** (1 / rows))
        assert bad.high == pytest.approx(1 - good.low)
    for metrics in summary.metrics.values():
        for estimate in metrics.values():
            assert estimate.known is None or estimate.low < estimate.high
    sure = summary.metrics["sure"]
    assert (sure["loss"].mean, sure["brier"].mean, sure["ece"].mean) == (0, 0, 0)
    assert "Too few wrong rows" in summary.notes[-1]
    equal = next(pair for pair in summary.pairs if {pair.a, pair.b} == {"right", "sure"})
    assert equal.low < 0 < equal.high
    assert equal.p == 1


@pytest.mark.parametrize(("kind", "labels"), [("one class", np.zeros(20, int)), ("one row", np.ones(1, int))])
def test_one_class_has_no_ranks(kind, labels):
    metrics = summary_of(BINARY, labels, head=True).metrics["head"]
    assert metrics["roc_auc"].mean is None
    assert (metrics["average_precision"].mean is None) == (kind == "one class")
    assert metrics["balanced_accuracy"].mean == 1


def test_sure_and_wrong_is_a_finite_or_an_infinite_loss():
    labels = np.arange(30) % 2
    metrics = summary_of(BINARY, labels, sure=np.arange(30) > 0).metrics["sure"]
    assert metrics["loss"].mean == pytest.approx(1e5 / 30)
    assert metrics["brier"].mean == pytest.approx(1 / 30)
    infinite = {"head": np.where(np.arange(30)[None, :, None] > 0, np.where(labels, 9, -9)[:, None], np.inf)}
    answers = SplitAnswers(labels, {name: own.astype(np.float32) for name, own in infinite.items()})
    loss = summarise(BINARY, answers, answers, resamples=20).metrics["head"]["loss"]
    assert loss.mean is loss.low is None


def test_hundreds_of_classes_of_three_rows():
    labels = np.repeat(np.arange(250), 3)
    right = np.random.default_rng(0).random(750) < 0.8
    logits = {"head": logits_of(HUNDREDS, labels, right)}
    answers = SplitAnswers(labels, logits)
    summary = summarise(HUNDREDS, answers, answers, resamples=3)
    metrics = summary.metrics["head"]
    assert metrics["accuracy"].mean == pytest.approx(right.mean())
    assert metrics["balanced_accuracy"].mean == pytest.approx(right.mean())
    assert len(summary.per_class["head"]) == 250
    assert "macro_f1" in summary.notes[-1]
    assert all(math.isfinite(estimate.mean) for estimate in metrics.values())
