"""Numbers of contents beside a dictionary, and what classes are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.cache import UserError
from headstart.extract.dataset import categories as module
from headstart.extract.dataset.categories import (
    BAD,
    BadCellError,
    CategoryEncoder,
    in_order,
    refuse_measurements,
)


def read(content: str) -> str:
    if "!" in content:
        raise BadCellError(f"odd: {content}")
    return content.strip()


@settings(deadline=None)
@given(st.lists(st.text(st.sampled_from("ab !"), max_size=3)), st.sampled_from([0, 1, 10**6]))
def test_equal_values_have_one_number(contents: list[str], remembered: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MOST_REMEMBERED", remembered)
        encoder = CategoryEncoder(read)
        codes = encoder.encode(contents)
    values = list(dict.fromkeys(content.strip() for content in contents if "!" not in content))
    assert encoder.values_met == values
    assert codes.dtype == np.int32
    assert codes.tolist() == [
        BAD if "!" in content else values.index(content.strip()) for content in contents
    ]
    assert len(encoder) <= remembered
    for content in contents:
        if "!" in content:
            assert encoder.reason(content) == f"odd: {content}"


def test_a_column_names_only_what_its_rows_hold() -> None:
    encoder = CategoryEncoder(str.strip)
    codes = encoder.encode(["u9", " u1", "u5 ", "u9", "u1"])
    column = encoder.column(codes[[0, 1, 3, 4]])
    assert column.names == ("u1", "u9")
    assert [column.names[code] for code in column.codes] == ["u9", "u1", "u9", "u1"]
    assert column.codes.dtype == np.int32
    with pytest.raises(ValueError, match="'u9' can be used"):
        encoder.reason("u9")


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
