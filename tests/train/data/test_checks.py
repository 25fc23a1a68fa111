import numpy as np
import pytest

from headstart.cache.task import BINARY, Task
from headstart.train.data.checks import describe_leaks, few_rows, leaks, require_labels, unleaked

THREE, SEVERAL = Task("multiclass", ("a", "b", "c")), Task("multilabel", ("a", "b"))
TEXTS = {"train": ["a", "b", "b", "c", ""], "valid": ["b", "d", "e"], "test": ["e", "a", "a", "f"]}


@pytest.mark.parametrize(
    ("task", "labels"), [(BINARY, [0, 1, 1]), (BINARY, [0]), (THREE, [2, 0]), (SEVERAL, [[0, 1], [0, 0]])]
)
def test_labels_of_the_task_pass(task, labels):
    require_labels(np.array(labels), "train", task)


@pytest.mark.parametrize(
    ("task", "labels", "message"),
    [
        (BINARY, [], "the valid split has no rows"),
        (BINARY, [0, 2, 1], "labels 0, 1, 2; a binary task needs 0 to 1"),
        (BINARY, [-1], "labels -1"),
        (THREE, [0, 3], "labels 0, 3; a multiclass task needs 0 to 2"),
        (SEVERAL, [0, 1], "a multilabel task"),
        (SEVERAL, [[0, 1, 1]], "a multilabel task"),
        (SEVERAL, [[0, 2]], "labels 0, 2"),
    ],
)
def test_others_are_named(task, labels, message):
    with pytest.raises(ValueError, match=message):
        require_labels(np.array(labels, np.int32), "valid", task)


def test_rows_of_a_later_split_are_counted() -> None:
    assert leaks(TEXTS) == {"train/valid": 1, "train/test": 2, "valid/test": 1}
    assert "2 rows of test also in train" in describe_leaks(leaks(TEXTS), removed=False)


def test_texts_stay_where_they_are_judged() -> None:
    kept = unleaked(TEXTS)
    left = {
        name: [text for text, stays in zip(texts, kept[name], strict=True) if stays]
        for name, texts in TEXTS.items()
    }
    assert left == {"train": ["c", ""], "valid": ["b", "d"], "test": TEXTS["test"]}
    assert not any(leaks(left).values())
    assert describe_leaks(leaks(left), removed=True) == "no text stands in two splits"


def test_nothing_is_left_out_without_leaks() -> None:
    kept = unleaked({"train": ["a", "a"], "valid": ["b"], "test": ["c"]})
    assert all(np.all(stays) for stays in kept.values())


@pytest.mark.parametrize(
    ("task", "labels", "named"),
    [
        (BINARY, [0] * 10 + [1] * 10, None),
        (BINARY, [0] * 30 + [1] * 9, "'1' (9)"),
        (THREE, [0] * 10 + [1], "'b' (1), 'c' (0)"),
        (SEVERAL, [[1, 0]] * 12 + [[0, 0]] * 50, "'b' (0)"),
        (Task("multiclass", tuple("abcdefghijkl")), [*range(12)], "'h' (1), 4 more"),
    ],
)
def test_a_class_of_few_test_rows_is_a_warning(task, labels, named):
    lines = few_rows(task, np.array(labels, np.int32))
    assert len(lines) == bool(named)
    assert not named or f"{named}: its scores are mostly chance" in lines[0]
