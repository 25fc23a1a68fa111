"""What a model takes for texts."""

import pytest

from headstart.cache.runtime.errors import UserError
from headstart.model import as_texts


def test_any_row_of_strings() -> None:
    assert as_texts(["a", ""]) == ["a", ""]
    assert as_texts(text for text in ("a", "b")) == ["a", "b"]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("a text", "a single str was given; give a list of texts"),
        (b"a text", "a single bytes was given"),
        ([], "no texts were given"),
        (["a", None], "text 1 is a NoneType, no string: None"),
        ([["a"]], "text 0 is a list, no string"),
    ],
)
def test_what_is_none_is_told(texts: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        as_texts(texts)  # type: ignore[arg-type]
