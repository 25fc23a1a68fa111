"""Texts on disk are those that were put there."""

from collections.abc import Sequence
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.extract.text import spool
from headstart.extract.text import texts as module
from headstart.extract.text.texts import Texts, TextWriter, encode_all

some_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def written(texts: Sequence[str], in_memory: int = 10**6, pieces: int = 3) -> Texts:
    with mock.patch.object(spool, "IN_MEMORY", in_memory):
        writer = TextWriter()
        for start in range(0, len(texts), pieces):
            writer.add(texts[start : start + pieces])
        return writer.finish()


@settings(deadline=None)
@given(st.lists(some_text), st.sampled_from([1, 10, 10**6]), st.data())
def test_texts_are_a_list(texts: list[str], in_memory: int, data: st.DataObject) -> None:
    found = written(texts, in_memory)
    assert (len(found), list(found), found) == (len(texts), texts, texts)
    assert list(encode_all(found)) == list(encode_all(texts))
    cut = data.draw(st.slices(len(texts)))
    assert found[cut] == texts[cut]
    if texts:
        rows = data.draw(st.lists(st.integers(0, len(texts) - 1)))
        taken = found.take(np.array(rows, np.int64))
        assert taken == [texts[row] for row in rows]
        assert [taken[place] for place in range(-len(rows), len(rows))] == [texts[row] for row in rows] * 2
    assert found != [*texts, "more"]


def test_a_thousand_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 7)
    texts = [f"text {row}" for row in range(100)]
    assert list(written(texts, 1)) == texts
    assert list(written(texts, 1).take(np.arange(99, -1, -3))) == texts[::-3]


def test_rows_that_are_taken_are_not_read() -> None:
    """All rows of a data set are taken apart into splits, and those of its other splits stay on disk."""
    whole = written(["first", "x" * 500_000, "last"], 1)
    taken = whole.take(np.array([0, 2]))
    assert taken[:] == ["first", "last"]
    assert np.shares_memory(np.asarray(taken._content), np.asarray(whole._content))
    assert isinstance(taken._content.obj.base, np.memmap)
