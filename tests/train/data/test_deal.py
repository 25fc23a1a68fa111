"""Groups dealt into folds: beside scikit-learn, and held against brute force."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

from headstart.cache import UserError
from headstart.cache.task import BINARY, Task
from headstart.train.data import deal
from headstart.train.data.deal import Deal
from headstart.train.data.folds import Fold, split_folds

THREE = Task("multiclass", ("a", "b", "c"))
SEVERAL = Task("multilabel", ("a", "b"))


def rows_in_groups(task: Task, count: int, groups: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and groups of unequal sizes whose rows lie scattered; each group leans to a class."""
    random = np.random.default_rng(seed)
    sizes = random.pareto(2.0, groups) + 0.2
    of = np.concatenate([np.arange(groups), random.choice(groups, count - groups, p=sizes / sizes.sum())])
    random.shuffle(of)
    if task.several:
        return random.integers(0, 2, (count, 2)), of
    lean = random.dirichlet(np.full(len(task.classes), 2.0), groups)
    return np.array([random.choice(len(task.classes), p=lean[group]) for group in of]), of


def require_apart(fold: Fold, groups: np.ndarray) -> None:
    """Row by row: no group has rows in two parts of a fold."""
    for one, other in combinations(fold, 2):
        assert not {int(groups[row]) for row in one} & {int(groups[row]) for row in other}


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([BINARY, THREE, SEVERAL]),
    st.integers(60, 250),
    st.integers(12, 50),
    st.integers(2, 6),
    st.integers(0, 2**32 - 1),
)
def test_no_group_is_in_two_parts_and_every_row_is_tested_once(
    task: Task, count: int, many: int, folds: int, seed: int
) -> None:
    labels, groups = rows_in_groups(task, count, many, seed)
    try:
        dealt = split_folds(task, labels, folds, seed % 1000, groups)
    except UserError:  # the training rows of a fold lack a class
        reject()
    assert sorted(np.concatenate([fold.test for fold in dealt]).tolist()) == list(range(count))
    tested = [set(groups[fold.test].tolist()) for fold in dealt]
    assert not any(one & other for one, other in combinations(tested, 2))
    for fold in dealt:
        assert sorted(np.concatenate(fold).tolist()) == list(range(count))
        assert min(map(len, fold)) > 0
        require_apart(fold, groups)


@pytest.mark.parametrize("task", [BINARY, THREE], ids=lambda task: task.kind)
@pytest.mark.parametrize("folds", [3, 5])
def test_every_part_has_its_share_of_the_classes(task: Task, folds: int) -> None:
    labels, groups = rows_in_groups(task, 2_000, 300, seed=4)
    whole = np.bincount(labels) / len(labels)
    for fold in split_folds(task, labels, folds, 42, groups):
        assert len(fold.test) == pytest.approx(2_000 / folds, rel=0.1)
        assert len(fold.valid) == pytest.approx(2_000 * (1 - 1 / folds) / 9, rel=0.25)
        for part in fold:
            assert np.bincount(labels[part]) / len(part) == pytest.approx(whole, abs=0.03)


@pytest.mark.parametrize(
    ("task", "kind"), [(BINARY, StratifiedGroupKFold), (THREE, StratifiedGroupKFold), (SEVERAL, GroupKFold)]
)
def test_the_deal_is_scikit_learn_s(task: Task, kind: type) -> None:
    labels, groups = rows_in_groups(task, 300, 40, seed=1)
    dealt = split_folds(task, labels, 4, 7, groups)
    expected = kind(4, shuffle=True, random_state=7).split(labels, labels, groups)
    for fold, (rest, test) in zip(dealt, expected, strict=True):
        np.testing.assert_array_equal(fold.test, test)
        inner = kind(9, shuffle=True, random_state=7).split(rest, labels[rest], groups[rest])
        np.testing.assert_array_equal(fold.valid, rest[next(inner)[1]])


def test_groups_of_one_row_are_dealt_by_class() -> None:
    labels = np.arange(200) % 2
    for fold in split_folds(BINARY, labels, 5, 0, np.arange(200)):
        assert labels[fold.test].sum() == 20


def test_very_many_groups_are_dealt_whole_and_have_near_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deal, "MOST_STRATIFIED", 500)
    labels, groups = rows_in_groups(BINARY, 8_000, 4_000, seed=2)
    for fold in split_folds(BINARY, labels, 5, 3, groups):
        require_apart(fold, groups)
        assert labels[fold.test].mean() == pytest.approx(labels.mean(), abs=0.05)


@pytest.mark.parametrize(("groups", "folds"), [(1, 2), (2, 2), (4, 5), (9, 10)])
def test_too_few_groups(groups: int, folds: int) -> None:
    labels, of = np.arange(120) // 3 % 2, np.arange(120) % groups
    with pytest.raises(UserError, match=r"in \d groups? are too few to deal into \d+ parts"):
        split_folds(BINARY, labels, folds, 0, of)


def test_as_many_groups_as_folds_are_enough() -> None:
    labels, of = np.arange(120) // 3 % 2, np.arange(120) % 3
    for fold in split_folds(BINARY, labels, 3, 0, of):
        assert [len(np.unique(of[part])) for part in fold] == [1, 1, 1]


def test_a_class_of_one_group_cannot_be_learnt_where_it_is_tested() -> None:
    labels, of = np.array([0, 1] * 50 + [2] * 20), np.array([*(np.arange(100) % 10), *([10] * 20)])
    with pytest.raises(UserError, match="class 'c' has no row among the training rows of fold"):
        split_folds(THREE, labels, 3, 0, of)


def test_most_parts_are_rows_of_the_largest_class_and_groups() -> None:
    labels = np.array([0] * 6 + [1] * 4)
    rows = np.arange(10)
    assert Deal(BINARY, labels, 0, None).most_parts(rows) == 6
    assert Deal(BINARY, labels, 0, rows // 3).most_parts(rows) == 4
    assert Deal(SEVERAL, np.ones((10, 2), int), 0, None).most_parts(rows) == 10
