"""Metrics that count, for each class, the rows that have it, that are said to have it, and both."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import sparse

from headstart.cache.task import Task
from headstart.train.metrics.measure import Measure, mean_defined, ratio


def f1(task: Task, labels: Int[np.ndarray, " n *k"], decided: Int[np.ndarray, " n *k"]) -> Measure:
    """F1 scores, harmonic means of precision and recall, from decisions at the thresholds chosen on validation.

    `f1` is that of class 1 (binary) or else `macro_f1`, the mean over classes. A class that no row has and no
    decision names has no F1 and is left out of the mean (scikit-learn's `zero_division=nan`).
    """
    rule = _binary_f1 if task.kind == "binary" else _macro_f1
    return _counted(("f1", "macro_f1"), belongs(task, labels), belongs(task, decided), rule)


def balanced_accuracy(
    task: Task, labels: Int[np.ndarray, " n *k"], decided: Int[np.ndarray, " n *k"]
) -> Measure:
    """Mean recall over the classes that occur, of the decisions that accuracy counts (at 0.5).

    Multilabel: the mean over labels of the mean recall of 0 and 1.
    """
    truth, said = belongs(task, labels), belongs(task, decided)
    if task.kind == "multilabel":
        truth, said = (np.concatenate([own, ~own], axis=1) for own in (truth, said))
    return _counted(
        ("balanced_accuracy",), truth, said, _label_recall if task.kind == "multilabel" else _recall
    )


def belongs(task: Task, labels: Int[np.ndarray, " n *k"]) -> Bool[np.ndarray, "n q"]:
    """Which row has which class: both classes of a binary task, every class or label of another."""
    if task.kind == "multilabel":
        return np.asarray(labels == 1)
    return np.asarray(labels[:, None] == np.arange(len(task.classes)))


def targets(task: Task, labels: Int[np.ndarray, " n *k"]) -> Bool[np.ndarray, "n o"]:
    """Which row should have which output high: `belongs`, of a binary task class 1 alone."""
    return belongs(task, labels)[:, -task.outputs :]


def counts(
    task: Task, labels: Int[np.ndarray, " n *k"], decided: Int[np.ndarray, " n *k"]
) -> list[list[int]] | list[list[list[int]]]:
    """Confusion matrix, rows the true class, columns the decision; for each label its own (multilabel)."""
    if task.kind == "multilabel":
        return [_matrix(labels[:, k], decided[:, k], 2) for k in range(task.outputs)]
    return _matrix(labels, decided, len(task.classes))


def per_class(
    task: Task, labels: Int[np.ndarray, " n *k"], decided: Int[np.ndarray, " n *k"]
) -> dict[str, dict[str, float | int | None]]:
    """Precision, recall, F1 (None where undefined) and rows of each class."""
    truth, said = belongs(task, labels), belongs(task, decided)
    both, said_rows, rows = ((own.sum(axis=0) * 1.0) for own in (truth & said, said, truth))
    columns = ratio(both, said_rows), ratio(both, rows), ratio(2 * both, said_rows + rows)
    names = ("precision", "recall", "f1")
    return {
        name: {key: _number(own[k]) for key, own in zip(names, columns, strict=True)}
        | {"support": int(rows[k])}
        for k, name in enumerate(task.classes)
    }


def _number(value: np.floating) -> float | None:
    return None if np.isnan(value) else float(value)


def _matrix(labels: np.ndarray, decided: np.ndarray, classes: int) -> list[list[int]]:
    flat = np.bincount(labels.astype(np.int64) * classes + decided, minlength=classes * classes)
    matrix: list[list[int]] = flat.reshape(classes, classes).tolist()
    return matrix


def _counted(
    names: tuple[str, ...],
    truth: Bool[np.ndarray, "n q"],
    said: Bool[np.ndarray, "n q"],
    rule: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
) -> Measure:
    """A measure from three counts of each class: rows that are both, said, and true."""
    terms = sparse.csr_array(np.concatenate([truth & said, said, truth], axis=1).T.astype(np.float64))
    return Measure(names, terms, lambda sums: rule(*np.split(sums, 3)))


def _binary_f1(
    both: Float[np.ndarray, "2 c"], said: Float[np.ndarray, "2 c"], true: Float[np.ndarray, "2 c"]
) -> Float[np.ndarray, "2 c"]:
    values = ratio(2 * both, said + true)
    return np.stack([values[1], mean_defined(values)])


def _macro_f1(
    both: Float[np.ndarray, "q c"], said: Float[np.ndarray, "q c"], true: Float[np.ndarray, "q c"]
) -> Float[np.ndarray, "2 c"]:
    mean = mean_defined(ratio(2 * both, said + true))
    return np.stack([mean, mean])


def _recall(
    both: Float[np.ndarray, "q c"], said: Float[np.ndarray, "q c"], true: Float[np.ndarray, "q c"]
) -> Float[np.ndarray, "1 c"]:
    return mean_defined(ratio(both, true))[None]


def _label_recall(
    both: Float[np.ndarray, "q c"], said: Float[np.ndarray, "q c"], true: Float[np.ndarray, "q c"]
) -> Float[np.ndarray, "1 c"]:
    ones, zeros = np.split(ratio(both, true), 2)
    labels = [mean_defined(np.stack(pair)) for pair in zip(ones, zeros, strict=True)]
    return np.asarray(np.mean(labels, axis=0)[None])
