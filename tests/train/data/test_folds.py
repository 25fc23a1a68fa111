"""Folds beside scikit-learn's, and the promises that make them folds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import KFold, StratifiedKFold

from headstart.cache import UserError
from headstart.cache.task import BINARY, Task
from headstart.train.data.folds import absent_lines, split_folds

THREE = Task("multiclass", ("a", "b", "c"))
SEVERAL = Task("multilabel", ("a", "b"))


def labels_of(task: Task, count: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    if task.kind == "multilabel":
        return random.integers(0, 2, (count, 2))
    return random.choice(len(task.classes), count, p=[0.7, 0.3] if task.kind == "binary" else [0.6, 0.3, 0.1])


@pytest.mark.parametrize("task", [BINARY, THREE, SEVERAL], ids=lambda task: task.kind)
@pytest.mark.parametrize("folds", [2, 5, 10])
def test_the_deal_is_scikit_learn_s(task: Task, folds: int) -> None:
    labels = labels_of(task, 500)
    kind = KFold if task.kind == "multilabel" else StratifiedKFold
    found = split_folds(task, labels, folds, seed=3)
    wanted = kind(folds, shuffle=True, random_state=3).split(np.zeros(500), labels)
    for own, (rest, test) in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(own.test, test)
        train, valid = next(kind(9, shuffle=True, random_state=3).split(np.zeros(len(rest)), labels[rest]))
        np.testing.assert_array_equal(own.train, rest[train])
        np.testing.assert_array_equal(own.valid, rest[valid])
    if folds == 10:
        assert [len(part) for part in found[0]] == [400, 50, 50]


@settings(max_examples=60, deadline=None)
@given(st.integers(30, 200), st.integers(2, 8), st.integers(0, 2**32 - 1))
def test_every_row_is_tested_once_and_never_learnt_where_it_is(count: int, folds: int, seed: int) -> None:
    labels = labels_of(BINARY, count, seed)
    try:
        found = split_folds(BINARY, labels, folds, seed)
    except UserError:
        assert min(np.bincount(labels, minlength=2)) < 3
        return
    assert sorted(np.concatenate([fold.test for fold in found]).tolist()) == list(range(count))
    for fold in found:
        assert sorted(np.concatenate(fold).tolist()) == list(range(count))  # no row is in two parts
        assert len(fold.valid)
        assert abs(labels[fold.test].sum() - labels.sum() / folds) <= 1
        assert set(labels[fold.train]) == {0, 1}


def test_a_rare_class_is_named() -> None:
    labels = np.array([0] * 40 + [1] * 40 + [2] * 3)
    folds = split_folds(THREE, labels, 5, seed=0)
    assert absent_lines(THREE, labels, folds) == [
        "warning: class 'c' has no row in the test part of 2 of 5 folds"
    ]
    with pytest.raises(UserError, match="class 'c' has no row among the training rows of fold"):
        split_folds(THREE, np.array([0] * 40 + [1] * 40 + [2]), 5, seed=0)


@pytest.mark.parametrize(("count", "folds"), [(9, 10), (10, 5), (3, 2), (12, 20)])
def test_too_few_rows(count: int, folds: int) -> None:
    with pytest.raises(UserError, match=f"{count} rows are too few"):
        split_folds(BINARY, np.arange(count) % 2, folds, seed=0)
