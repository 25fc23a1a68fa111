"""Labels in lists, beside matrices made by hand."""

import json

import numpy as np
import pytest

from headstart.cache import UserError
from headstart.cache.task import Task
from headstart.extract.dataset import label_lists
from headstart.extract.dataset.categories import BadCellError
from headstart.extract.dataset.label_lists import (
    Items,
    Vectors,
    are_lists,
    items_of,
    refuse_nested,
    split,
    vector_length,
)


def test_items_are_a_matrix_of_what_is_used() -> None:
    items = Items("y", "|")
    values = [items.read(cell) for cell in ("b|a", "", "z", "a | a")]
    assert values == [("a", "b"), (), ("z",), ("a",)]
    task, labels = items.finish(values, np.array([3, 1, 0]))
    assert (task, labels.tolist()) == (Task("multilabel", ("a", "b")), [[1, 0], [0, 0], [1, 1]])


def test_numbers_in_lists_are_one_label_however_written() -> None:
    items = Items("y", None)
    values = [items.read(cell) for cell in ("[2, 10]", "[2.0]", "[10.00, 2, 2.0]", "[]")]
    task, labels = items.finish(values, np.arange(4))
    assert (task.classes, labels.tolist()) == (("2", "10"), [[1, 1], [1, 0], [1, 1], [0, 0]])
    allowed = Items("y", None, ["10", "2"])
    assert allowed.read("[2.0, 1e1]") == ("10", "2")
    with pytest.raises(BadCellError, match="the label '3', which is none of --class-names 10, 2"):
        allowed.read("[3]")


def test_a_thousand_labels_are_the_most() -> None:
    items = Items("y", "|")
    for number in range(1_000):
        items.read(str(number))
    with pytest.raises(UserError, match="column 'y' holds 1,001 different values or more, at most 1,000"):
        items.read("one more")
    with pytest.raises(UserError, match="the lists in column 'y' hold 1,001 items, at most 1,000"):
        Vectors("y", 1_001)


def test_vectors_are_a_matrix() -> None:
    vectors = Vectors("y", 3)
    cells = ("[0, 1, 0]", "[1.0, 0.0, 1]", "[true, false, false]", "[-1, -1, -1.0]", "[0 1 0]", "[1. 0. 1.]")
    values = [vectors.read(cell) for cell in cells]
    assert vectors.unlabelled(values)[0] == [3]
    task, labels = vectors.finish(values, np.array([0, 1, 2, 4, 5]))
    assert task == Task("multilabel", ("0", "1", "2"))
    assert labels.tolist() == [[0, 1, 0], [1, 0, 1], [1, 0, 0], [0, 1, 0], [1, 0, 1]]
    assert Vectors("y", 3, ["a", "b", "c"]).finish(values, np.array([0]))[0].classes == ("a", "b", "c")
    with pytest.raises(UserError, match="gives 2 names, the classes are 3: 0, 1, 2"):
        Vectors("y", 3, ["a", "b"]).finish(values, np.array([0]))


@pytest.mark.parametrize(
    "cell", ["[0, 1]", "[]", "[0, 1, 0, 0]", "[0, 1, 2]", "[0, 1, -1]", '["a", "b", "c"]', "x", ""]
)
def test_what_is_no_vector(cell: str) -> None:
    with pytest.raises(BadCellError, match=r"column 'y' holds .*wanted"):
        Vectors("y", 3).read(cell)


def test_vectors_say_how_they_were_read() -> None:
    several, one = np.array([[1, 1], [0, 1]]), np.array([[1, 0], [0, 1]])
    assert Vectors("y", 2).describe(several).endswith("2 labels, which --class-names can name")
    assert "each has one 1: if a row cannot have several labels" in Vectors("y", 2, ["a", "b"]).describe(one)


@pytest.mark.parametrize(
    ("cells", "length"),
    [
        (["[0, 1, 0]", "[1.0, 0.0, 0.0]", "[true, false, true]"], 3),
        (["[1, 0]", "[0, 1]", ""], 2),  # the last is a bad row
        (["[1, 0]", "[0, 1]", "[]"], 0),  # nothing says that 0 and 1 are no names of labels
        (["[0, 0, 1]", "[0, 2, 0]", "[0, 1, 0]"], 3),
        (["[1, 1]", "[0, 2]", "[3, 1]"], 0),
        (["[1, 0, 0]", "[0, 1, 0]", ""], 3),
        (["[0]", "[1]"], 1),
        (["[0, 0, 1]", "[0, 1]"], 3),
        (["[0, 0, 1]", "[0, 1, 0]", "[]"], 3),
        (["[0, 1]", "[1]", "[]"], 0),
        (["[0, 1]", "[0, 2]"], 0),
        (["[-1, -1]", "[0, 1]"], 2),
        (['["0", "1"]', '["1", "1"]'], 2),
        (["[]", "[]"], 0),
        (["[0 1 ... 0 1]"], 0),
    ],
)
def test_vectors_are_told_from_lists_of_names(cells: list[str], length: int) -> None:
    assert vector_length(cells, None) == length


@pytest.mark.parametrize(
    ("cells", "length"), [(["0|1|0", "1|0|0"], 3), (["0", "1"], 0), (["0", "0|1"], 0), (["0|0|1", "1"], 3)]
)
def test_separated_vectors(cells: list[str], length: int) -> None:
    assert vector_length(cells, "|") == length


def test_lists_are_told_from_texts() -> None:
    assert are_lists(["", '["a"]', " [1, true]"])
    assert are_lists(["[0 1 ... 0 1]", "[0 1]"])
    assert not are_lists(["", " "])
    assert not are_lists(['["a"]', "[a]"])
    assert not are_lists(["[0 1", "[1 0]"])
    assert items_of('[1.50, true, " a "]', "y") == ["1.50", "true", "a"]


@pytest.mark.parametrize(
    "value",
    [
        ["a", "it's", 'so "so"', "b, c", "\n", "]", "é", "a\\"],
        [0, 1, 0],
        [0.0, 1.0],
        [True, False],
        [],
        [1e-07, 2],
    ],
)
def test_lists_as_python_and_numpy_print_them(value: list[object]) -> None:
    plain = items_of(json.dumps(value), "y")
    assert items_of(str(value), "y") == plain
    array = np.array(value)
    if len(value) and array.dtype.kind in "bi":
        assert items_of(str(array), "y") == plain
        assert items_of(str([*array]), "y") == plain  # [np.int64(0), ...]
    elif len(value) and array.dtype.kind == "f":
        assert [*map(float, items_of(str(array), "y"))] == [*map(float, plain)]


def test_long_arrays_are_whole_or_refused() -> None:
    array = np.arange(2_000) % 2
    with np.printoptions(threshold=5_000):
        assert items_of(str(array), "y") == [*map(str, array.tolist())]
    with pytest.raises(BadCellError, match=r"shortened to \.\.\. when it was printed"):
        items_of(str(array), "y")


@pytest.mark.parametrize(
    ("cell", "separator", "items"),
    [
        ("a b", " ", ["a", "b"]),
        (" a  b ", " ", ["a", "b"]),
        ("a|b\u200b", "|", ["a", "b"]),
        ("a||b", "|", ["a", "", "b"]),
        ("a\t\tb", "\t", ["a", "b"]),
        ("", " ", []),
        ('["a\u00a0"]', None, ["a"]),
    ],
)
def test_blanks_between_and_around_labels(cell: str, separator: str | None, items: list[str]) -> None:
    assert split(cell, "y", separator) == items


@pytest.mark.parametrize(
    ("cell", "items"),
    [
        ("('a', 'b')", ["a", "b"]),
        ("('a',)", ["a"]),
        ("()", []),
        ("{'a', \"it's\"}", ["a", "it's"]),
        ("set()", []),
        ("{1, 2}", ["1", "2"]),
        ("array([0, 1, 1])", ["0", "1", "1"]),
        ("np.array([0., 1.], dtype=float32)", ["0.", "1."]),
        ("tensor([1, 0], device='cuda:0')", ["1", "0"]),
        ("tensor([0., 1.], dtype=torch.float16)", ["0.", "1."]),
    ],
)
def test_tuples_sets_and_named_arrays_are_lists(cell: str, items: list[str]) -> None:
    assert items_of(cell, "y") == items
    assert are_lists([cell, "", cell])
    with pytest.raises(BadCellError, match="wanted is one label, or in every row a list of names"):
        refuse_nested(cell, "y")


@pytest.mark.parametrize(
    "cell", ["(1)", "(neutral)", "(0, 10]", "a (b, c)", "{}", "array", "tensor(1)", "[a", "f([1])"]
)
def test_what_looks_like_a_list_and_is_none(cell: str) -> None:
    assert not are_lists([cell])
    with pytest.raises(BadCellError, match="a list like"):
        items_of(cell, "y")


@pytest.mark.parametrize("cell", ['{"a": 1, "b": 0}', "{'a': 1}", "{}", "[[1]]", '["a", null]', '{"a": [1]}'])
def test_objects_are_no_labels(cell: str) -> None:
    with pytest.raises(BadCellError, match="wanted is one label"):
        refuse_nested(cell, "y")


@pytest.mark.parametrize("cell", ["", "a", "(1)", "x [1]", ":-}", "{a}", "(0, 10]", "[unsure]"])
def test_names_in_brackets_are_names(cell: str) -> None:
    refuse_nested(cell, "y")


@pytest.mark.parametrize("length", [2, 3, 5])
def test_lists_of_measurements_are_refused(length: int) -> None:
    items, shares = Items("y", None), np.random.default_rng(length).random((30, length)).round(3)
    values = [items.read(json.dumps(row)) for row in shares.tolist()]
    with pytest.raises(UserError, match="measurements, not classes"):
        items.finish(values, np.arange(30))


@pytest.mark.parametrize(
    ("cell", "separator"), [("[{}1]", None), ("{}1", ","), ("array([{}1])", None), ("({}1)", None)]
)
def test_a_list_of_more_items_than_any_has(
    cell: str, separator: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_lists, "MOST_ITEMS", 100)
    assert split(cell.format("1," * 50), "y", separator) == ["1"] * 51
    with pytest.raises(BadCellError, match="'y' holds a list of more than 100 items"):
        split(cell.format("1," * 101), "y", separator)
    assert not are_lists([cell.format("'a'," * 101)])
