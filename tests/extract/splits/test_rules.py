"""Which row goes to which split, beside scikit-learn and brute force."""

import hashlib

import numpy as np
import pytest
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from headstart.extract.splits.rules import (
    split_at_random,
    split_by_content,
    split_by_groups,
    split_by_number,
    strata_of,
    with_every_class,
)

TEXTS = [f"comment {i}" for i in range(32_450)]


@pytest.mark.parametrize("count", [32_450, *range(10, 140), 1_001, 99_999])
def test_random_splits_are_scikit_learn_s_for_every_size(count: int) -> None:
    splits = split_at_random(count, seed=42)
    train, rest = train_test_split(np.arange(count), test_size=0.2, random_state=42)
    valid, test = train_test_split(rest, test_size=0.5, random_state=42)
    for name, rows in (("train", train), ("valid", valid), ("test", test)):
        np.testing.assert_array_equal(splits[name], rows)


def test_the_notebook_s_sizes() -> None:
    splits = split_at_random(len(TEXTS), seed=42)
    assert [len(rows) for rows in splits.values()] == [25_960, 3_245, 3_245]


def test_every_row_is_in_one_split_and_the_seed_decides() -> None:
    splits = split_at_random(101, seed=1)
    assert sorted(np.concatenate(list(splits.values())).tolist()) == list(range(101))
    assert not np.array_equal(splits["test"], split_at_random(101, seed=2)["test"])


def test_content_decides_as_described() -> None:
    """First 8 bytes of SHA-256 of seed:text, modulo 10: 0-7, 8, 9."""
    splits = split_by_content(TEXTS[:500], 7)
    for row, text in enumerate(TEXTS[:500]):
        tenth = int(hashlib.sha256(f"7:{text}".encode()).hexdigest()[:16], 16) % 10
        assert row in splits["train" if tenth < 8 else "valid" if tenth == 8 else "test"]


def test_content_moves_no_row_when_rows_are_appended() -> None:
    before, after = (split_by_content(TEXTS[:count], 42) for count in (5_000, 8_000))
    for name, rows in before.items():
        np.testing.assert_array_equal(after[name][: len(rows)], rows)
        assert (np.diff(rows) > 0).all()
    parts = [len(rows) / 8_000 for rows in after.values()]
    np.testing.assert_allclose(parts, [0.8, 0.1, 0.1], atol=0.02)


def test_equal_texts_never_part_under_the_stable_rule() -> None:
    splits = split_by_content(TEXTS[:300] * 2, 42)
    assert all(
        set(rows) == {row % 300 for row in rows} | {row % 300 + 300 for row in rows}
        for rows in splits.values()
    )
    assert not np.array_equal(splits["test"], split_by_content(TEXTS[:300] * 2, 7)["test"])


def test_groups_are_split_as_scikit_learn_does() -> None:
    groups = np.random.default_rng(0).integers(0, 60, 500)
    train, rest = next(GroupShuffleSplit(1, test_size=0.2, random_state=3).split(groups, groups=groups))
    valid, test = next(GroupShuffleSplit(1, test_size=0.5, random_state=3).split(rest, groups=groups[rest]))
    splits = split_by_groups(groups, 3)
    for name, rows in (("train", train), ("valid", rest[valid]), ("test", rest[test])):
        np.testing.assert_array_equal(splits[name], rows)


def test_numbers_of_splits() -> None:
    splits = split_by_number(np.array([2, 0, 1, 0, 2], np.uint8))
    assert {name: rows.tolist() for name, rows in splits.items()} == {
        "train": [1, 3], "valid": [2], "test": [0, 4]
    }  # fmt: skip


def test_combinations_of_labels_are_strata_and_rare_ones_are_one() -> None:
    labels = np.array([[0, 0]] * 40 + [[1, 0]] * 20 + [[0, 1]] * 6 + [[1, 1]] * 5)
    strata = strata_of(labels)
    assert len(set(strata[:40])) == len(set(strata[40:60])) == len(set(strata[60:])) == 1
    assert len(set(strata)) == 3
    assert len(set(strata_of(labels[:65]))) == 2  # five alone join the largest: those of [0, 0]
    assert set(strata_of(labels[:65])[60:]) == set(strata_of(labels[:65])[:40])
    splits = split_at_random(len(labels), 42, strata)
    assert all(labels[rows].any(axis=0).all() for rows in splits.values())


FEW = [(40, 5), (40, 4), (50, 3), (60, 2), (7, 2)]


@pytest.mark.parametrize(("classes", "rows"), FEW)
@pytest.mark.parametrize("seed", range(8))
def test_many_classes_of_few_rows_are_all_in_train(classes: int, rows: int, seed: int) -> None:
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(classes), rows))
    before = split_at_random(len(labels), seed, strata_of(labels))
    splits = with_every_class(before, labels, ("valid", "test"))
    assert set(labels[splits["train"]]) == set(range(classes))
    assert np.array_equal(np.sort(np.concatenate(list(splits.values()))), np.arange(len(labels)))
    assert [len(own) for own in splits.values()] == [len(own) for own in before.values()]
    moved = sum((splits[name] != before[name]).sum() for name in splits)
    assert moved == 2 * len(set(range(classes)) - set(labels[before["train"]]))


@pytest.mark.parametrize("seed", range(5))
def test_labels_of_few_rows_are_in_train_too(seed: int) -> None:
    labels = np.zeros((60, 9), int)
    labels[np.arange(18), np.arange(18) % 9] = 1
    labels[20:, 0] = 1
    labels = np.random.default_rng(seed).permutation(labels)
    splits = with_every_class(split_at_random(60, seed, strata_of(labels)), labels, ("valid", "test"))
    assert labels[splits["train"]].any(axis=0).all()


def test_the_rows_of_a_file_stay_where_they_are() -> None:
    labels = np.array([0] * 8 + [1, 2])
    splits = {"train": np.arange(8), "valid": np.array([8]), "test": np.array([9])}
    filled = with_every_class(splits, labels, ("valid",))
    assert filled["test"].tolist() == [9]
    assert sorted(labels[filled["train"]]) == [0] * 7 + [1]


def test_where_train_has_nothing_to_give_it_stays() -> None:
    labels = np.arange(10)
    splits = split_at_random(10, 0, strata_of(labels))
    filled = with_every_class(splits, labels, ("valid", "test"))
    assert all(np.array_equal(filled[name], splits[name]) for name in splits)
