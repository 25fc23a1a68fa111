"""Counts of classes beside scikit-learn; as metrics under weights they are in `test_scores`."""

import numpy as np
import pytest
from sklearn import metrics

from headstart.cache.task import BINARY, Task
from headstart.train.metrics.confusion import ClassScores, confusion_matrix, per_class

TASKS = [BINARY, Task("multiclass", ("x", "y", "z")), Task("multilabel", ("x", "y", "z"))]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.kind)
def test_matrices_and_scores_are_scikit_learns(task: Task) -> None:
    random = np.random.default_rng(0)
    labels, decided = (random.integers(0, task.highest_label + 1, task.label_shape(60)) for _ in range(2))
    matrix = metrics.multilabel_confusion_matrix if task.several else metrics.confusion_matrix
    assert confusion_matrix(task, labels, decided) == matrix(labels, decided).tolist()
    columns = metrics.precision_recall_fscore_support(labels, decided)
    for k, (name, scores) in enumerate(per_class(task, labels, decided).items()):
        assert name == task.classes[k]
        assert list(scores) == pytest.approx([column[k] for column in columns])


def test_a_class_without_rows_or_decisions_has_no_scores() -> None:
    labels, decided = np.array([0, 0, 1]), np.array([0, 1, 1])
    scores = per_class(TASKS[1], labels, decided)
    assert scores["z"] == ClassScores(None, None, None, 0)
    assert scores["x"] == ClassScores(1.0, 0.5, pytest.approx(2 / 3), 2)
    assert per_class(TASKS[1], labels, np.zeros(3, int))["y"] == ClassScores(None, 0.0, 0.0, 1)
    assert confusion_matrix(TASKS[1], labels, decided) == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]
