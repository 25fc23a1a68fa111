"""Every metric under whole-number weights beside scikit-learn, which sees each row that often."""

import numpy as np
import pytest
from sklearn import metrics

from headstart.cache.task import BINARY, Task
from headstart.train.metrics.probabilities import decisions, probabilities_of
from headstart.train.metrics.scores import metric_names, scorer
from headstart.train.statistics.bootstrap import draw

THREE = Task("multiclass", ("x", "y", "z"))
LABELS = Task("multilabel", ("x", "y", "z", "w"))


def problem(task, rows=57, seed=0, ties=False):
    """Labels, logits of a head that has learnt something, and a threshold."""
    rng = np.random.default_rng(seed)
    shape = (rows, task.outputs)
    labels = rng.integers(0, 3, rows) if task.kind == "multiclass" else rng.integers(0, 2, shape)
    truth = np.eye(3)[labels] if task.kind == "multiclass" else labels
    logits = (2 * truth - 1 + 1.5 * rng.normal(size=shape)).astype(np.float32)
    threshold = {"binary": 0.37, "multiclass": None, "multilabel": [0.2, 0.5, 0.6, 0.4]}[task.kind]
    labels = labels[:, 0] if task.kind == "binary" else labels
    return labels, np.round(logits) if ties else logits, threshold


def sklearn_values(task, labels, logits, threshold):
    """The same metrics, from scikit-learn, on rows that may be repeated."""
    shares = probabilities_of(task, logits)
    plain, chosen = decisions(task, shares), decisions(task, shares, 0.5 if threshold is None else threshold)
    return {"binary": binary_values, "multiclass": class_values, "multilabel": label_values}[task.kind](
        labels, shares, plain, chosen
    ) | {"ece": slow_ece(task, labels, shares)}


def binary_values(labels, shares, plain, chosen):
    scores = shares[:, 0]
    return {
        "loss": metrics.log_loss(labels, scores),
        "accuracy": metrics.accuracy_score(labels, plain),
        "brier": metrics.brier_score_loss(labels, scores),
        "f1": metrics.f1_score(labels, plain),
        "macro_f1": metrics.f1_score(labels, plain, average="macro"),
        "balanced_accuracy": metrics.balanced_accuracy_score(labels, plain),
        "roc_auc": metrics.roc_auc_score(labels, scores),
        "average_precision": metrics.average_precision_score(labels, scores),
    }


def class_values(labels, shares, plain, chosen):
    truth = np.eye(3)[labels]
    macro = metrics.f1_score(labels, chosen, average="macro")
    return {
        "loss": metrics.log_loss(labels, shares),
        "accuracy": metrics.accuracy_score(labels, plain),
        "brier": metrics.brier_score_loss(labels, shares),
        "f1": macro,
        "macro_f1": macro,
        "balanced_accuracy": metrics.balanced_accuracy_score(labels, plain),
        "roc_auc": metrics.roc_auc_score(labels, shares, multi_class="ovr"),
        "average_precision": metrics.average_precision_score(truth, shares),
    }


def label_values(labels, shares, plain, chosen):
    each = range(labels.shape[1])
    macro = metrics.f1_score(labels, chosen, average="macro")
    return {
        "loss": np.mean([metrics.log_loss(labels[:, k], shares[:, k]) for k in each]),
        "accuracy": np.mean(labels == plain),
        "subset_accuracy": metrics.accuracy_score(labels, plain),
        "brier": np.mean([metrics.brier_score_loss(labels[:, k], shares[:, k]) for k in each]),
        "f1": macro,
        "macro_f1": macro,
        "balanced_accuracy": np.mean(
            [metrics.balanced_accuracy_score(labels[:, k], plain[:, k]) for k in each]
        ),
        "roc_auc": metrics.roc_auc_score(labels, shares),
        "average_precision": metrics.average_precision_score(labels, shares),
    }


def slow_ece(task, labels, shares):
    """Guo et al.'s sum, one decision after the other."""
    decided = []
    for label, row in zip(labels, shares, strict=True):
        if task.kind == "multiclass":
            decided.append((max(row), label == list(row).index(max(row))))
        else:
            for y, p in zip(np.atleast_1d(label), row, strict=True):
                decided.append((max(p, 1 - p), y == (p > 0.5)))
    total = 0.0
    for m in range(15):
        own = [(c, r) for c, r in decided if m / 15 < c <= (m + 1) / 15]
        total += abs(sum(c for c, _ in own) - sum(r for _, r in own)) / len(decided)
    return total


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("task", [BINARY, THREE, LABELS], ids=lambda task: task.kind)
def test_on_every_row_once_and_on_resamples(task, ties):
    labels, logits, threshold = problem(task, ties=ties)
    own = scorer(task, labels, logits, threshold)
    weights = np.concatenate([np.ones((57, 1)), draw(57, 6, [3])], axis=1)
    values = own(weights)
    assert own.names == metric_names(task)
    for c in range(7):
        rows = np.repeat(np.arange(57), weights[:, c].astype(int))
        expected = sklearn_values(task, labels[rows], logits[rows], threshold)
        assert dict(zip(own.names, values[:, c], strict=True)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("task", [BINARY, THREE, LABELS], ids=lambda task: task.kind)
def test_float32_weights_lose_nothing_that_shows(task):
    labels, logits, threshold = problem(task, rows=3000)
    own = scorer(task, labels, logits, threshold)
    weights = draw(3000, 5, [0])
    exact = own(weights.astype(np.float64))
    assert own(weights).dtype == np.float32
    assert own(weights) == pytest.approx(exact, rel=3e-6, abs=1e-6)
    at = own.names.index("accuracy")
    assert own(weights)[at] == pytest.approx(exact[at], rel=1e-7)


def value(task, labels, logits, threshold=None):
    rows = len(labels)
    own = scorer(task, np.array(labels), np.array(logits, np.float32), threshold)
    return dict(zip(own.names, own(np.ones((rows, 1)))[:, 0], strict=True))


def test_rows_of_one_class_leave_the_ranks_undefined():
    none = value(BINARY, [0, 0], [[1], [-1]])
    assert np.isnan([none["roc_auc"], none["average_precision"]]).all()
    assert (none["f1"], none["balanced_accuracy"], none["accuracy"]) == (0, 0.5, 0.5)
    every = value(BINARY, [1, 1], [[1], [-1]])
    assert np.isnan(every["roc_auc"])
    assert every["average_precision"] == 1


def test_f1_is_undefined_where_nothing_is_there_and_nothing_is_said():
    quiet = value(BINARY, [0, 0], [[-1], [-1]])
    assert np.isnan(quiet["f1"])
    assert quiet["macro_f1"] == 1  # of class 0


def test_an_absent_class_is_left_out_of_the_means():
    labels, logits, _ = problem(THREE)
    rows = labels != 2
    values = value(THREE, labels[rows], logits[rows])
    shares = probabilities_of(THREE, logits[rows])
    areas = [metrics.roc_auc_score(labels[rows] == k, shares[:, k]) for k in range(2)]
    assert values["roc_auc"] == pytest.approx(np.mean(areas))
    said = shares.argmax(axis=1)
    assert (said == 2).any()
    expected = metrics.f1_score(labels[rows], said, average="macro", labels=[0, 1, 2], zero_division=np.nan)
    assert values["macro_f1"] == pytest.approx(expected)
    recalls = metrics.recall_score(labels[rows], said, average=None, labels=[0, 1])
    assert values["balanced_accuracy"] == pytest.approx(recalls.mean())


def test_a_label_without_rows_is_left_out_of_the_ranks():
    labels, logits, _ = problem(LABELS)
    labels[:, 1] = 0
    values = value(LABELS, labels, logits)
    kept = [0, 2, 3]
    assert values["roc_auc"] == pytest.approx(metrics.roc_auc_score(labels[:, kept], logits[:, kept]))
    expected = metrics.average_precision_score(labels[:, kept], logits[:, kept])
    assert values["average_precision"] == pytest.approx(expected)


def test_infinite_logits_have_ranks_and_no_loss():
    values = value(BINARY, [0, 1, 1], [[np.inf], [np.inf], [0.0]])
    assert np.isnan(values["loss"])
    assert values["roc_auc"] == 0.25
    assert values["brier"] == pytest.approx((1 + 0 + 0.25) / 3)


def test_equal_scores_are_worth_a_half():
    values = value(BINARY, [0, 1, 0, 1], np.zeros((4, 1)))
    assert (values["roc_auc"], values["average_precision"]) == (0.5, 0.5)
