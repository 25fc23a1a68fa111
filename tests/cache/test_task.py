"""Tasks and texts, as a cache keeps them."""

import numpy as np
import pytest

from headstart.cache.runtime.errors import CacheError
from headstart.cache.task import BINARY, Task, class_counts


@pytest.mark.parametrize(
    ("task", "outputs", "shape", "highest"),
    [
        (BINARY, 1, (5,), 1),
        (Task("multiclass", ("a", "b", "c")), 3, (5,), 2),
        (Task("multilabel", ("a", "b", "c")), 3, (5, 3), 1),
        (Task("multilabel", ("a",)), 1, (5, 1), 1),
    ],
)
def test_a_task_says_how_many_logits_and_labels_there_are(
    task: Task, outputs: int, shape: tuple[int, ...], highest: int
) -> None:
    assert (task.outputs, task.label_shape(5), task.highest_label) == (outputs, shape, highest)
    assert Task.from_json(task.to_json()) == task


@pytest.mark.parametrize(
    "fields",
    [
        {},
        [],
        {"kind": "ordinal", "classes": ["a", "b"]},
        {"kind": "binary", "classes": ["a", "b", "c"]},
        {"kind": "multiclass", "classes": ["a"]},
        {"kind": "multiclass", "classes": ["a", "a", "b"]},
        {"kind": "multilabel", "classes": []},
        {"kind": "binary", "classes": [0, 1]},
        {"kind": "binary", "classes": "ab"},
        {"kind": ["binary"], "classes": ["a", "b"]},
    ],
)
def test_what_is_no_task(fields: object) -> None:
    with pytest.raises(CacheError, match="the recipe's"):
        Task.from_json(fields)


def test_rows_of_each_class_are_counted() -> None:
    assert class_counts(Task("multiclass", ("a", "b", "c")), np.array([2, 0, 2])) == [
        ("a", 1),
        ("b", 0),
        ("c", 2),
    ]
    several = np.array([[1, 0], [1, 1], [0, 0]])
    assert class_counts(Task("multilabel", ("a", "b")), several) == [("a", 2), ("b", 1)]
