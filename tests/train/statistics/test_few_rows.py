import numpy as np
import pytest

from headstart.cache.task import BINARY, Task
from headstart.train.metrics.scores import NAMES
from headstart.train.statistics.few_rows import NEEDS, few_rows_note, unbelievable

THREE, SEVERAL = Task("multiclass", ("a", "b", "c")), Task("multilabel", ("a", "b"))
RANKED = ["f1", "macro_f1", "balanced_accuracy", "roc_auc", "average_precision"]


def test_every_metric_says_what_it_needs():
    assert set(NEEDS) == set(NAMES)


@pytest.mark.parametrize(
    ("rows", "wrong", "metrics"),
    [
        (100, 20, []),
        (100, 19, ["roc_auc", "average_precision"]),
        (1000, 9, ["loss", "brier", *RANKED]),
        (20, 0, ["loss", "brier", *RANKED]),
        (5, 1, ["loss", "brier", *RANKED, "ece"]),
    ],
)
def test_wrong_rows_are_needed(rows, wrong, metrics):
    right = (np.arange(rows) >= wrong)[None]
    assert unbelievable(BINARY, np.arange(rows) % 2, right) == metrics


@pytest.mark.parametrize(
    ("task", "labels"),
    [
        (BINARY, np.arange(200) < 9),
        (THREE, np.minimum(np.arange(200) // 98, 2)),
        (SEVERAL, np.stack([np.arange(200) < 9, np.arange(200) < 100], axis=1)),
    ],
)
def test_rows_of_each_class_are_needed(task, labels):
    right = np.arange(200)[None].repeat(2, axis=0) % 2 == 0
    assert unbelievable(task, labels.astype(int), right) == RANKED


def test_a_class_that_does_not_occur_is_not_waited_for():
    assert unbelievable(THREE, np.arange(200) % 2, np.arange(200)[None] % 2 == 0) == []
    assert unbelievable(SEVERAL, np.zeros((200, 2), int), np.arange(200)[None] % 2 == 0) == []


def test_the_sentence_names_heads_and_metrics():
    assert few_rows_note({"cls": [], "gru": []}) == []
    both = {"cls": ["loss", "f1"], "gru": ["loss", "f1", "ece"]}
    (sentence,) = few_rows_note(both)
    assert sentence.endswith("to believe the intervals of: loss, f1 (all); ece (gru).")
