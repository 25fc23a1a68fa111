"""What a label column says."""

import numpy as np
import pandas as pd
import pytest

from cache import UserError
from cache.task import BINARY, Task
from extract.labels import recognise


def table(**columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype=str)


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
    found, numbers = recognise(table(y=values), ["y"])
    assert found == task
    assert (numbers.dtype, numbers.tolist()) == (np.int32, labels)


def test_several_columns() -> None:
    made = table(toxic=["0", "1", "1"], threat=["0", "true", "0"])
    task, labels = recognise(made, ["threat", "toxic"])
    assert task == Task("multilabel", ("threat", "toxic"))
    assert labels.tolist() == [[0, 0], [1, 1], [0, 1]]


def test_classes_can_be_named() -> None:
    task, _ = recognise(table(y=["0", "1", "2"]), ["y"], ["hate", "offensive", "neither"])
    assert task == Task("multiclass", ("hate", "offensive", "neither"))
    assert recognise(table(y=["0", "1"]), ["y"], ["fine", "toxic"])[0] == Task("binary", ("fine", "toxic"))


@pytest.mark.parametrize(
    ("values", "names", "says"),
    [
        (["a", "", "b"], None, "holds '' in data row 2"),
        (["a", " ", "b"], None, "every row needs a label"),
        (["a", "a"], None, "two classes are needed"),
        ([str(number) for number in range(1001)], None, "1,001 different values"),
        ([str(number / 7) for number in range(1, 30)], None, "measurements, not classes"),
        (["a", "b", "c"], ["x", "y"], "--class-names gives 2 names, the classes are 3: a, b, c"),
        (["a", "b"], ["x", "x"], "name each once"),
    ],
)
def test_what_is_no_label_column(values: list[str], names: list[str] | None, says: str) -> None:
    with pytest.raises(UserError, match=says) as error:
        recognise(table(y=values), ["y"], names)
    assert "\n" not in str(error.value)


def test_cells_of_several_columns_are_0_or_1() -> None:
    made = table(a=["0", "1"], b=["1", "maybe"])
    with pytest.raises(UserError, match="column 'b' holds 'maybe' in data row 2"):
        recognise(made, ["a", "b"])
    with pytest.raises(UserError, match="names 'a' twice"):
        recognise(made, ["a", "a"])
