"""What a label column says."""

from collections.abc import Sequence

import numpy as np
import pytest

from headstart.cache import UserError
from headstart.cache.task import BINARY, Task
from headstart.extract.dataset.label_reader import recognise


def labelled(
    names: Sequence[str] | None = None, separator: str | None = None, **columns: list[str]
) -> tuple[Task, np.ndarray]:
    """Task and labels of rows that are all sound."""
    reader = recognise(list(columns), list(columns.values()), names, separator)
    codes, bad = reader.read(list(columns.values()))
    assert not bad
    return reader.finish(codes)


@pytest.mark.parametrize(
    ("values", "task", "labels"),
    [
        (["1", "0", " 1 "], BINARY, [1, 0, 1]),
        (["True", "false", "TRUE"], Task("binary", ("false", "true")), [1, 0, 1]),
        (["spam", "ham", "ham"], Task("binary", ("ham", "spam")), [1, 0, 0]),
        (["1", "2", "1"], Task("binary", ("1", "2")), [0, 1, 0]),
        (["10", "2", "-1", "2"], Task("multiclass", ("-1", "2", "10")), [2, 1, 0, 1]),
        (["b", "a", "ä", "10"], Task("multiclass", ("10", "a", "b", "ä")), [2, 1, 3, 0]),
        (["0.5", "1.5", "2.5"], Task("multiclass", ("0.5", "1.5", "2.5")), [0, 1, 2]),
    ],
)
def test_one_column(values: list[str], task: Task, labels: list[int]) -> None:
    found, numbers = labelled(y=values)
    assert found == task
    assert (numbers.dtype, numbers.tolist()) == (np.int32, labels)


def test_several_columns() -> None:
    task, labels = labelled(threat=["0", "true", "0"], toxic=["0", "1", "1"])
    assert task == Task("multilabel", ("threat", "toxic"))
    assert labels.tolist() == [[0, 0], [1, 1], [0, 1]]


def test_classes_can_be_named() -> None:
    task, _ = labelled(["hate", "offensive", "neither"], y=["0", "1", "2"])
    assert task == Task("multiclass", ("hate", "offensive", "neither"))
    assert labelled(["fine", "toxic"], y=["0", "1"])[0] == Task("binary", ("fine", "toxic"))


@pytest.mark.parametrize(
    ("values", "names", "says"),
    [
        (["a", "a"], None, "two classes are needed"),
        ([str(number) for number in range(1001)], None, "1,001 different values"),
        ([str(number / 7) for number in range(1, 30)], None, "measurements, not classes"),
        (["a", "b", "c"], ["x", "y"], "--class-names gives 2 names, the classes are 3: a, b, c"),
        (["a", "b"], ["x", "x"], "name each once"),
    ],
)
def test_what_is_no_label_column(values: list[str], names: list[str] | None, says: str) -> None:
    with pytest.raises(UserError, match=says) as error:
        labelled(names, y=values)
    assert "\n" not in str(error.value)


def test_cells_of_several_columns_are_0_or_1() -> None:
    codes, bad = recognise(["a", "b"], [["0"], ["1"]]).read([["0", "1", "1"], ["1", "maybe", "0"]])
    assert list(bad) == [1]
    assert "column 'b' holds 'maybe'" in bad[1]
    assert (codes < 0).tolist() == [False, True, False]
    with pytest.raises(UserError, match="names 'a' twice"):
        recognise(["a", "a"], [["0"], ["1"]])


def test_every_row_needs_a_label() -> None:
    _, bad = recognise(["y"], [["a", "b"]]).read([["a", "", "b", " "]])
    assert list(bad) == [1, 3]
    assert bad[1] == "column 'y' holds ''; every row needs a label"


LISTS = ['["b", "a"]', "[]", ' ["a","a"] ', '["c"]']
MATRIX = [[1, 1, 0], [0, 0, 0], [1, 0, 0], [0, 0, 1]]


def test_lists_are_labels_of_which_a_row_can_have_any_number() -> None:
    task, labels = labelled(y=LISTS)
    assert task == Task("multilabel", ("a", "b", "c"))
    assert (labels.dtype, labels.tolist()) == (np.int32, MATRIX)


@pytest.mark.parametrize(
    "columns", [{"y": ["a", "b"]}, {"y": ["", "0;1"]}, {"y": ['["a"]', "[]"]}, {"y": ["0"], "z": ["1"]}]
)
def test_an_empty_separator_is_refused(columns: dict[str, list[str]]) -> None:
    with pytest.raises(UserError, match="--label-separator is empty"):
        labelled(separator="", **columns)


def test_a_separator_makes_lists_too() -> None:
    task, labels = labelled(separator="|", y=["b|a", "", "a | a", "c"])
    assert (task.classes, labels.tolist()) == (("a", "b", "c"), MATRIX)
    assert labelled(y=["b|a", "", "c"][::2])[0].kind == "binary"  # not without being asked


def test_numbers_in_lists_are_names_in_their_order() -> None:
    task, labels = labelled(y=["[10, 2]", "[2, true]", "[]"])
    assert task.classes == ("10", "2", "true")
    assert labelled(y=["[10, 2]", "[2]"])[0].classes == ("2", "10")
    assert labels.tolist() == [[1, 1, 0], [0, 1, 1], [0, 0, 0]]


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("a", "a list like"),
        ("", "a list like"),
        ("[", "a list like"),
        ('{"a": 1}', "a list like"),
        ("[" * 5000 + "]" * 5000, "a list like"),
        ("[null]", "holds null in a list"),
        ('[["a"]]', "a name is wanted"),
        ('["a", ""]', "an empty label"),
    ],
)
def test_what_is_no_list_of_labels(cell: str, says: str) -> None:
    _, bad = recognise(["y"], [LISTS]).read([[LISTS[0], cell]])
    assert list(bad) == [1]
    assert says in bad[1]


def test_the_names_of_the_classes_are_all_there_may_be() -> None:
    reader = recognise(["y"], [LISTS], ["c", "a", "x"])
    codes, bad = reader.read([LISTS])
    assert bad == {0: "column 'y' holds the label 'b', which is none of --class-names c, a, x"}
    task, labels = reader.finish(codes[1:])
    assert (task.classes, labels.tolist()) == (("c", "a", "x"), [[0, 0, 0], [0, 1, 0], [1, 0, 0]])


def test_names_that_the_column_holds_are_no_new_names() -> None:
    reader = recognise(["y"], [["ham", "spam"]], ["spam", "ham"])
    codes, bad = reader.read([["ham", "spam", "spma"]])
    assert "the label 'spma', which is none of --class-names spam, ham" in bad[2]
    task, labels = reader.finish(codes[:2])
    assert (task.classes, labels.tolist()) == (("spam", "ham"), [1, 0])


def test_lists_without_any_label_are_no_task() -> None:
    with pytest.raises(UserError, match="at least one label"):
        labelled(y=["[]", "[]"])
    with pytest.raises(UserError, match="1,001 different values"):
        labelled(y=[f'["{number}"]' for number in range(1001)])


@pytest.mark.parametrize("values", [["--5", "1"], ["-", "1"], ["9" * 5000, "1"], ["²", "1"]])
def test_odd_numbers_are_names(values: list[str]) -> None:
    assert labelled(y=values)[0].classes == tuple(sorted(values))


@pytest.mark.parametrize(
    ("values", "names", "classes", "labels"),
    [
        (["0.0", "1", "1.00"], ["1", "0"], ("1", "0"), [1, 0, 0]),
        (["True", "False"], ["true", "false"], ("true", "false"), [0, 1]),
        (["True", "False"], ["1", "0"], ("1", "0"), [0, 1]),
        (["1", "0"], ["true", "false"], ("true", "false"), [0, 1]),
        (["True", "False"], ["no", "yes"], ("no", "yes"), [1, 0]),
        (["2.0", "1", "3"], ["3", "2", "1"], ("3", "2", "1"), [1, 2, 0]),
    ],
)
def test_names_are_those_of_values(
    values: list[str], names: list[str], classes: tuple[str, ...], labels: list[int]
) -> None:
    task, numbers = labelled(names, y=values)
    assert (task.classes, numbers.tolist()) == (classes, labels)


@pytest.mark.parametrize(
    ("values", "names", "classes", "labels"),
    [
        (["[0, 1]", "[1, 1]"], None, ("0", "1"), [[0, 1], [1, 1]]),
        (["[0, 1]", "[1, 1.0]"], ["a", "b"], ("a", "b"), [[0, 1], [1, 1]]),
        (
            ["[0]", "[1]"],
            ["0", "1", "2"],
            ("0", "1", "2"),
            [[1, 0, 0], [0, 1, 0]],
        ),  # as many names as labels there are
        (["[0, 1]", "[1]"], None, ("0", "1"), [[1, 1], [0, 1]]),
    ],
)
def test_lists_of_0_and_1(
    values: list[str], names: list[str] | None, classes: tuple[str, ...], labels: list[list[int]]
) -> None:
    task, matrix = labelled(names, y=values)
    assert (task.kind, task.classes, matrix.tolist()) == ("multilabel", classes, labels)


def test_vectors_of_another_length_are_bad_rows() -> None:
    cells = ["[0, 0, 1]", "[1, 0, 0]", "[1, 0]", "[]", "[0, 2, 0]"]
    codes, bad = recognise(["y"], [cells]).read([cells])
    assert [*bad] == [2, 3, 4]
    assert "column 'y' holds '[1, 0]'; wanted is, as in other rows, a list of 3 items, each 0 or 1" in bad[2]
    assert (codes[:2] >= 0).all()


def test_rows_without_a_label() -> None:
    reader = recognise(["y"], [["0", "1", "-1"]])
    codes, bad = reader.read([["0", "1", "-1.0", "1"]])
    rows, reason = reader.labelled(codes)
    assert (bad, rows.tolist()) == ({}, [True, True, False, True])
    assert "no label beside 0, 1" in reason
    assert reader.finish(codes[rows])[0] == BINARY
    assert reader.labelled(codes[:2])[1] == ""


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (["Yes", "yes", "no"], "'Yes' and 'yes' in column 'y' are classes of their own"),
        (["POS", "neg", "Pos", "pos"], "'POS' and 'Pos' and 'pos' in column 'y'"),
        (["straße", "STRASSE"], "'STRASSE' and 'straße' in column 'y'"),
        (["True", "TRUE", "false"], ""),
        (["a", "b"], ""),
    ],
)
def test_classes_that_differ_in_case_alone_are_told(cells: list[str], says: str) -> None:
    reader = recognise(["y"], [cells])
    codes, _ = reader.read([cells])
    _, labels = reader.finish(codes)
    assert reader.describe(labels).startswith(says)
    assert bool(reader.describe(labels)) is bool(says)
