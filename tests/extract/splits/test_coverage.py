"""What splits must hold, and what is said of a class that one of them lacks."""

import numpy as np
import pytest

from headstart.cache import UserError
from headstart.cache.task import Task
from headstart.extract.splits.coverage import describe_absent, require_enough, require_rows, what_to_do

from .rows import for_file, rows_of


def test_ten_rows_are_the_fewest() -> None:
    require_enough(10)
    with pytest.raises(UserError, match="9 rows are too few to split; at least 10 are needed"):
        require_enough(9)


def test_a_split_without_rows_is_an_error() -> None:
    splits = {"train": np.arange(3), "valid": np.zeros(0, int), "test": np.arange(3, 4)}
    with pytest.raises(UserError, match="the split valid gets no row"):
        require_rows(splits)
    assert require_rows({name: np.arange(1) for name in splits})


THREE = Task("multiclass", ("hate", "offence", "neither"))


def test_a_class_that_a_split_lacks_is_named_with_what_to_do() -> None:
    rows = rows_of([0, 1, 2, 0, 1, 2, 0, 1], THREE)
    splits = {"train": np.arange(3), "valid": np.array([3, 5]), "test": np.array([4, 6, 7])}
    assert describe_absent(rows, splits, for_file()) == [
        "warning: class 'offence' has 3 rows, none of them in valid; deal with --stratify",
        "warning: class 'neither' has 2 rows, none of them in test; deal with --stratify",
    ]
    with pytest.raises(
        UserError, match="class 'neither' has 2 rows, none of them in train, and cannot be learnt"
    ):
        describe_absent(rows, {**splits, "train": np.arange(2)}, for_file())


def test_labels_without_a_row_and_many_absent_classes() -> None:
    several = rows_of([[1, 0], [1, 1], [0, 1], [1, 0]], Task("multilabel", ("a", "b")))
    splits = {"train": np.array([0, 1]), "valid": np.array([2]), "test": np.array([3])}
    assert [line.split(";")[0] for line in describe_absent(several, splits, for_file())] == [
        "warning: class 'a' has 3 rows, none of them in valid",
        "warning: class 'b' has 2 rows, none of them in test",
    ]
    many = rows_of(list(range(9)) * 2, Task("multiclass", tuple("abcdefghi")))
    lines = describe_absent(
        many, {"train": np.arange(9), "valid": np.arange(9, 10), "test": np.arange(9, 18)}, for_file()
    )
    assert len(lines) == 6
    assert lines[-1] == "warning: 3 more classes are absent from a split"


ADVICE = [
    ({}, "deal with --stratify"), ({"stratify": True}, "give it more rows"), ({"split_column": "a"}, "give that split"),
    ({"group_column": "a"}, "another --seed"), ({"split_rule": "stable"}, "another --seed"),
    ({"valid_data": "a", "test_data": "b"}, "give that split"), ({"test_data": "b"}, "deal with --stratify"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "says"), ADVICE)
def test_what_to_do_depends_on_the_rule(fields: dict[str, object], says: str) -> None:
    assert says in what_to_do(for_file(**fields))


def test_rare_classes_that_are_dealt_by_labels_are_told_of_folds() -> None:
    splits = {"train": np.arange(3), "valid": np.array([3, 5]), "test": np.array([4, 6, 7, 8])}
    folds = " (from 10 on every split has some), or test all rows in turn with bench.py --folds 3"
    for last, more in ((2, folds), (0, "")):  # a class of two rows cannot be in every fold
        rows = rows_of([0, 1, 2, 0, 1, 2, 0, 1, last], THREE)
        lines = describe_absent(rows, splits, for_file(stratify=True))
        assert lines
        assert all(line.endswith(f"give it more rows{more}") for line in lines)
    several = rows_of([[1, 0], [1, 1], [0, 1], [1, 0]] * 5, Task("multilabel", ("a", "b")))
    splits = {"train": np.arange(14), "valid": np.array([15]), "test": np.array([16, 17, 18])}
    assert describe_absent(several, splits, for_file(stratify=True))[0].endswith("give it more rows")
