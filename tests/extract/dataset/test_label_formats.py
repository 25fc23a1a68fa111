"""Labels in cells without lists, beside matrices made by hand."""

import numpy as np
import pytest

from headstart.cache import UserError
from headstart.cache.task import BINARY, Task
from headstart.extract.dataset.categories import BadCellError
from headstart.extract.dataset.label_formats import Flags, OneClass


def test_classes_of_the_rows_that_are_used() -> None:
    """A value that no row has is no class."""
    one = OneClass("y")
    values = [one.read(cell) for cell in (" b", "c", "a")]
    task, labels = one.finish(values, np.array([2, 0, 2]))
    assert (task, labels.tolist()) == (Task("binary", ("a", "b")), [0, 1, 0])
    with pytest.raises(UserError, match="all 3 rows have c in column 'y'; two classes are needed"):
        one.finish(values, np.array([1, 1, 1]))


def test_spellings_of_one_class_are_one_class() -> None:
    one = OneClass("y")
    values = [one.read(cell) for cell in ("0", " 1.0", "0.00", "+1")]
    task, labels = one.finish(values, np.array([0, 1, 2, 3, 2]))
    assert (task, labels.tolist()) == (BINARY, [0, 1, 0, 1, 0])


def test_spelling_is_decided_by_all_rows_not_by_those_that_are_drawn() -> None:
    one = OneClass("y")
    values = [one.read(cell) for cell in ("007", "8", "8.0")]
    assert one.finish(values, np.array([1, 2]))[0].classes == ("8", "8.0")


@pytest.mark.parametrize(
    ("cells", "names", "absent", "way"),
    [
        ("0 1 -1", None, [2], "--class-names=-1,0,1"),
        ("-1.0 2 0 1", None, [0], "--class-names=-1,0,1,2"),
        ("0 1 -1", ["neg", "zero", "pos"], [], ""),
        ("0 1 -1", ["no", "yes"], [2], "--class-names=-1,0,1"),
        ("1 -1", None, [], ""),
    ],
)
def test_minus_one_beside_classes(cells: str, names: list[str] | None, absent: list[int], way: str) -> None:
    one = OneClass("y", names)
    codes, reason = one.unlabelled([one.read(cell) for cell in cells.split()])
    assert codes == absent
    assert way in reason


def test_minus_one_is_a_class_for_whoever_names_it() -> None:
    one = OneClass("y", allowed=["-1", "0", "1"])
    values = [one.read(cell) for cell in ("-1", "0.0", "1", "-1.0")]
    assert one.unlabelled(values)[0] == []
    assert one.finish(values, np.arange(4))[1].tolist() == [0, 1, 2, 0]
    others = OneClass("y", allowed=["0", "1"])
    assert others.unlabelled([others.read(cell) for cell in ("-1", "0.0", "1")])[0] == [0]
    with pytest.raises(BadCellError, match="holds the label '2', which is none of --class-names 0, 1"):
        others.read("2")


def test_flags_are_a_matrix() -> None:
    flags = Flags(["a", "b"], ["x", "y"])
    values = [flags.read(cells) for cells in (("0", "TRUE"), (" 1.0 ", "false"), ("-1", "-1.0"))]
    task, labels = flags.finish(values, np.array([1, 0, 1]))
    assert (task, labels.tolist()) == (Task("multilabel", ("x", "y")), [[1, 0], [0, 1], [1, 0]])
    assert flags.unlabelled(values)[0] == [2]
    for cells in (("1", "maybe"), ("1", "-1"), ("0", "2"), ("0", "0.5"), ("0", "")):
        with pytest.raises(BadCellError, match=f"column 'b' holds '{cells[1]}'"):
            flags.read(cells)


def test_a_thousand_classes_are_the_most() -> None:
    one = OneClass("y")
    for number in range(1_000):
        one.read(str(number))
        one.read(f"{number}.0")
    with pytest.raises(UserError, match="column 'y' holds 1,001 different values or more, at most 1,000"):
        one.read("one more")


@pytest.mark.parametrize(
    "blank", [" ", "\t", "\u00a0", "\u3000", "\u200b", "\u2060", "\ufeff", "\n", " \u200b\u00a0"]
)
def test_blanks_around_a_label_are_no_part_of_it(blank: str) -> None:
    assert OneClass("y").read(f"{blank}spam{blank}") == "spam"
    assert Flags(["a", "b"]).read((f"{blank}1", f"0.0{blank}")) == (1, 0)
    with pytest.raises(BadCellError, match="column 'y' holds ''"):
        OneClass("y").read(blank)
