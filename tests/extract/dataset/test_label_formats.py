"""The three ways to write labels, beside matrices made by hand."""

import numpy as np
import pytest

from headstart.cache import UserError
from headstart.cache.task import Task
from headstart.extract.dataset.categories import BadCellError
from headstart.extract.dataset.label_formats import Flags, Items, OneClass, are_lists, items_of, renamed


def test_classes_of_the_rows_that_are_used() -> None:
    """A value that no row has is no class."""
    one = OneClass("y")
    values = [one.read(cell) for cell in (" b", "c", "a")]
    task, labels = one.finish(values, np.array([2, 0, 2]))
    assert (task, labels.tolist()) == (Task("binary", ("a", "b")), [0, 1, 0])
    with pytest.raises(UserError, match="all 3 rows have c in column 'y'; two classes are needed"):
        one.finish(values, np.array([1, 1, 1]))


def test_flags_are_a_matrix() -> None:
    flags = Flags(["a", "b"], ["x", "y"])
    values = [flags.read(cells) for cells in (("0", "TRUE"), (" 1 ", "false"))]
    task, labels = flags.finish(values, np.array([1, 0, 1]))
    assert (task, labels.tolist()) == (Task("multilabel", ("x", "y")), [[1, 0], [0, 1], [1, 0]])
    with pytest.raises(BadCellError, match="column 'b' holds 'maybe'"):
        flags.read(("1", "maybe"))


def test_items_are_a_matrix_of_what_is_used() -> None:
    items = Items("y", "|")
    values = [items.read(cell) for cell in ("b|a", "", "z", "a | a")]
    assert values == [("a", "b"), (), ("z",), ("a",)]
    task, labels = items.finish(values, np.array([3, 1, 0]))
    assert (task, labels.tolist()) == (Task("multilabel", ("a", "b")), [[1, 0], [0, 0], [1, 1]])


def test_lists_are_told_from_texts() -> None:
    assert are_lists(["", '["a"]', " [1, true]"])
    assert not are_lists(["", " "])
    assert not are_lists(['["a"]', "[a]"])
    assert items_of('[1.50, true, " a "]', "y") == ["1.50", "true", "a"]


def test_other_names_for_the_classes() -> None:
    task = Task("binary", ("0", "1"))
    assert renamed(task, ["fine", "toxic"]) == Task("binary", ("fine", "toxic"))
    with pytest.raises(UserError, match="--class-names gives 1 names, the classes are 2: 0, 1"):
        renamed(task, ["fine"])


@pytest.mark.parametrize("labels", [OneClass("y"), Items("y", "|")])
def test_a_thousand_classes_are_the_most(labels: OneClass | Items) -> None:
    for number in range(1_000):
        labels.read(str(number))
    with pytest.raises(UserError, match="column 'y' holds 1,001 different values or more, at most 1,000"):
        labels.read("one more")
