"""Numbers of contents beside a dictionary."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.extract.dataset import categories as module
from headstart.extract.dataset.categories import BAD, BadCellError, CategoryEncoder


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
