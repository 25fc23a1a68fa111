"""Metrics that count, for each class, the rows that have it, that are said to have it, and both.

Of 100,000 rows scikit-learn's `confusion_matrix` and `precision_recall_fscore_support` give the same numbers in 11 and
14 ms (six labels: 49 and 93 ms) rather than 0.2 and 6 (3 and 5), and take a single label for two classes.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool
from scipy import sparse

from headstart.cache.task import Task
from headstart.train.metrics.measure import Measure, mean_defined, ratio
from headstart.train.metrics.probabilities import Labels, belongs


class ClassScores(NamedTuple):
    """How well one class is told apart.

    Attributes:
        precision: Share of the rows said to have the class that have it; None if none is said to.
        recall: Share of the rows that have the class that are said to; None if none has it.
        f1: Their harmonic mean; None if no row has the class or is said to.
        support: Rows that have the class.
    """

    precision: float | None
    recall: float | None
    f1: float | None
    support: int


def f1(task: Task, labels: Labels, decided: Labels) -> Measure:
    """F1 scores, harmonic means of precision and recall; of several labels at the thresholds chosen on validation.

    `f1` is that of class 1 (binary) or else `macro_f1`, the mean over classes. A class that no row has and no
    decision names has no F1 and is left out of the mean (scikit-learn's `zero_division=nan`).
    """
    of_class_1 = task.outputs < len(task.classes)

    def rule(both: np.ndarray, said: np.ndarray, true: np.ndarray) -> np.ndarray:
        values = ratio(2 * both, said + true)
        mean = mean_defined(values)
        return np.stack([values[1] if of_class_1 else mean, mean])

    return _counted(("f1", "macro_f1"), belongs(task, labels), belongs(task, decided), rule)


def balanced_accuracy(task: Task, labels: Labels, decided: Labels) -> Measure:
    """Mean recall over the classes that occur, of the decisions that accuracy counts (at 0.5).

    Multilabel: the mean over labels of the mean recall of 0 and 1.
    """
    truth, said = belongs(task, labels), belongs(task, decided)
    if task.several:
        truth, said = (np.concatenate([ones, ~ones], axis=1) for ones in (truth, said))

    def rule(both: np.ndarray, _: np.ndarray, true: np.ndarray) -> np.ndarray:
        # [classes, 1, c], or of several labels [2, labels, c]
        recalls = ratio(both, true).reshape(2 if task.several else len(task.classes), -1, true.shape[1])
        return np.asarray(mean_defined(recalls).mean(axis=0, keepdims=True))

    return _counted(("balanced_accuracy",), truth, said, rule)


def confusion_matrix(task: Task, labels: Labels, decided: Labels) -> list[list[int]] | list[list[list[int]]]:
    """Confusion matrix, rows the true class, columns the decision; for each label its own (multilabel)."""
    if task.several:
        return [_matrix(labels[:, k], decided[:, k], 2) for k in range(task.outputs)]
    return _matrix(labels, decided, len(task.classes))


def per_class(task: Task, labels: Labels, decided: Labels) -> dict[str, ClassScores]:
    """Scores of each class by its name."""
    truth, said = belongs(task, labels), belongs(task, decided)
    both, said_rows, rows = ((mark.sum(axis=0) * 1.0) for mark in (truth & said, said, truth))
    columns = ratio(both, said_rows), ratio(both, rows), ratio(2 * both, said_rows + rows)
    precision, recall, f1 = ([None if np.isnan(value) else float(value) for value in of] for of in columns)
    return {
        name: ClassScores(precision[k], recall[k], f1[k], int(rows[k])) for k, name in enumerate(task.classes)
    }


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
    """A measure from three counts `[q, c]` of each class: rows that are both, said, and true."""
    terms = sparse.csr_array(np.concatenate([truth & said, said, truth], axis=1).T.astype(np.float64))
    return Measure(names, terms, lambda sums: rule(*np.split(sums, 3)))
