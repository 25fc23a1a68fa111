"""Splits and groups that a column names."""

import re

import pytest

from headstart.cache import UserError
from headstart.extract.splits.assignments import groups_by_column
from headstart.extract.splits.splitter import choose_splitter, split_dataset

from .rows import for_file, rows_of


def test_a_column_says_it() -> None:
    values = ["train", "Valid", "validation", " dev ", "TEST", "test", "train", "train"]
    rows = rows_of([0, 1] * 4, split=values)
    splits = split_dataset(rows, for_file(split_column="split"))
    assert {name: chosen.tolist() for name, chosen in splits.items()} == {
        "train": [0, 6, 7], "valid": [1, 2, 3], "test": [4, 5]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (
            ["train", "holdout"],
            "holds 'holdout' in data row 9 (the first is 1); wanted: train, valid, validation, dev",
        ),
        (["train", ""], "holds '' in data row 9"),
        (["train", "valid"], "the split test gets no row"),
        (["test", "valid"], "the split train gets no row"),
    ],
)
def test_a_column_that_does_not(values: list[str], says: str) -> None:
    with pytest.raises(UserError, match=re.escape(says)):
        split_dataset(rows_of([0, 1], split=values), for_file(split_column="split"))


def test_groups_that_cannot_be_dealt() -> None:
    with pytest.raises(
        UserError, match=r"is empty in data row 10 \(the first is 1\); every row needs a group"
    ):
        split_dataset(rows_of([0, 1, 0], user=["a", "b", " "]), for_file(group_column="user"))
    with pytest.raises(UserError, match="holds 5 groups; at least 6 are needed"):
        split_dataset(rows_of([0] * 20, user=list("abcde") * 4), for_file(group_column="user"))
    splits = split_dataset(rows_of([0] * 24, user=list("abcdef") * 4), for_file(group_column="user"))
    assert all(len(chosen) for chosen in splits.values())


@pytest.mark.parametrize(
    ("cells", "count"),
    [("1 1.0 2 3 4 5 6 7", 7), ("1 01 2 3 4 5 6 7", 8), ("a A b c d e f g", 8), ("1e0 +1 1. 2 3 4 5 6", 6)],
)
def test_equal_numbers_are_one_group(cells: str, count: int) -> None:
    groups = groups_by_column(rows_of([0] * 8, user=cells.split()), "user")
    assert len({*groups.tolist()}) == count
    assert groups[0] == 0


ASSIGNMENTS = {
    "split": (
        ["train", "valid", "test", "train"],
        ["train", "valid", "test", "test"],
        ["train", "dev", "test", "train"],
    ),
    "group": (list("aabcdef"), list("abbcdef"), list("xxyzuvw")),
}  # fmt: skip


@pytest.mark.parametrize("kind", ASSIGNMENTS)
def test_another_assignment_is_another_rule_and_other_names_are_not(kind: str) -> None:
    one, other, same = (
        choose_splitter(for_file(**{f"{kind}_column": "c"})).describe(rows_of([0] * len(values), c=values))
        for values in ASSIGNMENTS[kind]
    )
    assert one == same != other
    assert re.search(r"SHA-256 [0-9a-f]{64}$", one)
