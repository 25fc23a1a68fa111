"""Names of classes: one spelling for equal values, tables of what is equal and what is not."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.cache import UserError
from headstart.cache.task import Task
from headstart.extract.dataset.categories import BadCellError
from headstart.extract.dataset.class_names import (
    by_spelling,
    in_order,
    lacks_label,
    look_up,
    missing_words,
    one_spelling,
    refuse_measurements,
    refuse_too_many,
    renamed,
    spelling,
)


@pytest.mark.parametrize(
    ("spelt", "name"),
    [
        ("0 0.0 0.00 -0 -0.0 +0 0e0 0. .0 0E-10", "0"),
        ("1 1.0 1.00 +1 1e0 1. 1E+0 10e-1", "1"),
        ("-1 -1.0 -1e0", "-1"),
        ("0.5 .5 0.50 5e-1", "0.5"),
        ("100 1E+2 100.0 1e2", "100"),
        ("1e23 1E+23 100000000000000000000000", "1" + "0" * 23),
        ("true True TRUE tRUE", "true"),
        ("false False FALSE", "false"),
        ("1234567890123456789.0 1234567890123456789", "1234567890123456789"),
    ],
)
def test_equal_values_have_one_spelling(spelt: str, name: str) -> None:
    assert {spelling(cell) for cell in spelt.split()} == {name}


@pytest.mark.parametrize(
    "name",
    ["007", "-01", "00", "01.0", "1_0", "1,0", "0x1", "nan", "inf", "²", "1e", "e1", "--5", "-", ".", "1.2.3",
     "spam", "Spam", "yes", "1e1000", "9" * 301],
)  # fmt: skip
def test_other_names_stay(name: str) -> None:
    assert spelling(name) == name


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 4))
def test_every_way_to_write_a_float_is_one(number: float, digits: int) -> None:
    plain = f"{Decimal(repr(number)):f}"
    ways = {repr(number), f"{number:+}", plain, plain + ("" if "." in plain else ".") + "0" * digits}
    if max(map(len, ways)) <= 300:
        assert len({spelling(way) for way in ways}) == 1
        assert float(spelling(plain)) == number


@pytest.mark.parametrize(
    ("names", "spelled"),
    [
        ("0 0.0 0.00 1", "0 0 0 1"),
        ("0 0.0 spam", "0 0 spam"),  # no two files agree on how to write a number
        ("1.0 1.1 v2", "1.0 1.1 v2"),  # names beside names
        ("007 7 7.0", "007 7 7.0"),  # zip codes
        ("1.1 1.10 2.0", "1.1 1.10 2.0"),  # sections
        ("0.50 1.00 1.50", "0.5 1 1.5"),
        ("0 True 1 FALSE", "0 1 1 0"),
        ("true False", "true false"),
        ("0.0 TRUE -1.0", "0 1 -1"),
        ("True Maybe", "True Maybe"),
        ("true TRUE maybe", "true true maybe"),
        ("2 True", "2 true"),
    ],
)
def test_a_column_is_spelled_as_a_whole(names: str, spelled: str) -> None:
    assert [*one_spelling(names.split()).values()] == spelled.split()


@pytest.mark.parametrize(
    ("names", "lacks"),
    [
        ("-1 1", False),  # a support vector machine's
        ("-1 0", False),
        ("-1", False),
        ("0 1", False),
        ("-1 0 1", True),
        ("-1 0 1 2 3", True),
        ("-1 1 2 3 4 5", True),
        ("-1 2 10", False),
        ("-1 0 2", False),
        ("-2 -1 0 1 2", False),
        ("-1 0.5 1", False),
        ("-1 ham spam", True),
        ("-1 ham", True),
        ("-1 false true", True),
        ("-1 ham 7", False),
    ],
)
def test_when_minus_one_is_no_label(names: str, lacks: bool) -> None:
    assert lacks_label({*names.split()}) is lacks


@pytest.mark.parametrize(
    ("names", "missing", "spelled"),
    [
        ("0.0 1.0 nan", "nan", "0 1 nan"),
        ("1 2 3.0 NULL None", "NULL None", "1 2 3 NULL None"),
        ("True False NaN", "NaN", "true false NaN"),
        ("-1 0 1 <NA>", "<NA>", "-1 0 1 <NA>"),
        ("0.5 1.5 n/a", "n/a", "0.5 1.5 n/a"),
        ("joy none anger", "", "joy none anger"),  # a class beside classes
        ("NA DE 1", "", "NA DE 1"),
        ("1.0 nan", "", "1 nan"),
        ("nan None", "", "nan None"),
    ],
)
def test_what_programs_write_for_no_label(names: str, missing: str, spelled: str) -> None:
    assert missing_words(names.split()) == {*missing.split()}
    assert [*one_spelling(names.split()).values()] == spelled.split()


@pytest.mark.parametrize(
    ("names", "cell", "name"),
    [
        ("0 1", "0.0", "0"),
        ("0 1", "TRUE", "1"),
        ("true false", "0", "false"),
        ("yes no", "yes", "yes"),
        ("1.1 1.10", "1.1", "1.1"),
        ("1.1 1.10", "1.10", "1.10"),
        ("007 008", "007", "007"),
    ],
)
def test_names_are_looked_up_by_value(names: str, cell: str, name: str) -> None:
    assert look_up(by_spelling(names.split()), cell, "y") == name


@pytest.mark.parametrize(("names", "cell"), [("007", "7"), ("0 1 2", "true"), ("a b", "A"), ("0 1", "01")])
def test_what_is_none_of_the_names(names: str, cell: str) -> None:
    with pytest.raises(
        BadCellError, match=f"the label '{cell}', which is none of --class-names {names.split()[0]}"
    ):
        look_up(by_spelling(names.split()), cell, "y")


def test_other_names_for_the_classes() -> None:
    task = Task("binary", ("0", "1"))
    assert renamed(task, ["fine", "toxic"]) == Task("binary", ("fine", "toxic"))
    with pytest.raises(UserError, match="--class-names gives 1 names, the classes are 2: 0, 1"):
        renamed(task, ["fine"])


def test_a_thousand_classes_are_the_most() -> None:
    refuse_too_many("y", {*map(str, np.arange(1_000))})
    with pytest.raises(UserError, match="column 'y' holds 1,001 different values or more, at most 1,000"):
        refuse_too_many("y", {*map(str, np.arange(1_001))})


@pytest.mark.parametrize(
    ("classes", "ordered"),
    [
        (["10", "9", "-1"], ["-1", "9", "10"]),
        (["10", "9", "x"], ["10", "9", "x"]),
        (["01", "1", "0"], ["0", "01", "1"]),
        (["1.5", "10.5", "9.5"], ["1.5", "10.5", "9.5"]),
        (["²", "1"], ["1", "²"]),
        (["9" * 5_000, "1"], ["1", "9" * 5_000]),
    ],
)
def test_the_order_of_classes(classes: list[str], ordered: list[str]) -> None:
    assert in_order(classes) == ordered


def test_many_numbers_with_fractions_are_no_classes() -> None:
    refuse_measurements([str(number / 7) for number in range(20)], "y")
    refuse_measurements([str(number) for number in range(100)], "y")
    refuse_measurements([*(str(number / 7) for number in range(100)), "x"], "y")
    with pytest.raises(UserError, match="column 'y' holds 21 different numbers with fractions"):
        refuse_measurements([str(number / 7) for number in range(21)], "y")
