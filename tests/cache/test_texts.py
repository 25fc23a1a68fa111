import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.cache.runtime.errors import CacheError
from headstart.cache.texts import pack, packed_lengths, unpack


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_texts_come_back_from_their_bytes(texts: list[str]) -> None:
    packed = pack(texts)
    expected = [text.replace("\0", "\ufffd") for text in texts]
    assert unpack(packed) == expected
    assert packed_lengths(packed).tolist() == [len(text.encode()) + 1 for text in expected]


@pytest.mark.parametrize("packed", [[65], [255, 0], [65, 0, 66]])
def test_what_is_no_text(packed: list[int]) -> None:
    with pytest.raises(CacheError):
        unpack(np.array(packed, np.uint8))
