"""Texts with long runs come out as from the library, after work that grows with them."""

from collections.abc import Callable
from unicodedata import normalize

import pytest
from cleantext import clean as original
from emoji import demojize, tokenizer
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.extract.text import long_runs
from headstart.extract.text.library import by_library
from headstart.extract.text.long_runs import joined_pieces, ordered_marks, shallow_ampersands

EMOJI = ["😀", "\u200d", "👨", "👩", "🏻", "🏽", "❤", "️", "a", "1", "⃣", "👁", "🗨"]
MARKS = ["́", "̖", "̧", "a", "é", "̈́", "ཱི", "ཱ", "ི", "ཱྀ", "ְ", "゙", "ハ", "̸", "=", "Ã", "©"]
ENTITIES = ["&amp;", "amp;", "#38;", "&", "&#38;", "AMP;", "#x26;", "eacute;", "<", "é", "lt;"]


def texts(pieces: list[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from([*pieces, "\n"]), max_size=50).map("".join)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"LONG": 3, "LONG_RUN": 3, "WINDOW": 20, "LOOK_AHEAD": 14}.items():
        monkeypatch.setattr(long_runs, name, value)


@settings(max_examples=400, deadline=None)
@given(texts(EMOJI))
def test_emoji_are_the_same_in_pieces(text: str) -> None:
    pieces = list(joined_pieces(text))
    assert "".join(pieces) == text
    assert "".join(map(demojize, pieces)) == demojize(text)


@settings(max_examples=300, deadline=None)
@given(texts(MARKS))
def test_marks_in_order_are_canonically_equal(text: str) -> None:
    for form in ("NFC", "NFD"):
        assert normalize(form, ordered_marks(text)) == normalize(form, text)  # type: ignore[arg-type]


@settings(max_examples=300, deadline=None)
@given(texts(EMOJI) | texts(MARKS) | texts(ENTITIES))
def test_texts_come_out_as_from_the_library(text: str) -> None:
    assert by_library(text, {}) == original(text)


def test_an_ampersand_that_was_escaped_very_often() -> None:
    for escape in ("amp;", "AMP;", "#38;", "#x26;", "#038;"):
        text = f"a&{escape * 300}lt;b"
        assert len(shallow_ampersands(text)) == 6 + 64 * len(escape)
        assert by_library(text, {}) == original(text) == "a<b"


def test_nothing_is_unescaped_from_a_line_with_a_bracket_on() -> None:
    deep = f"&{'amp;' * 70}"
    for text in (f"{deep}<", f"{deep}\n<{deep}", f"<\n{deep}"):
        assert by_library(text, {}) == original(text)
    assert shallow_ampersands(f"<{deep}") == f"<{deep}"


@pytest.mark.parametrize(
    "make", [lambda n: "\U0001f600\u200d" * n, lambda n: "\U0001f468\u200d\U0001f3fb\u200d" * n]
)
def test_joiners_are_not_looked_up_among_all_that_were_met(
    monkeypatch: pytest.MonkeyPatch, make: Callable[[int], str]
) -> None:
    longest = max(map(len, joined_pieces(make(3_000))))
    assert longest <= 2 * long_runs.WINDOW
    read: list[int] = []
    tokenize = tokenizer.tokenize
    monkeypatch.setattr(
        tokenizer, "tokenize", lambda text, keep_zwj: read.append(len(text)) or tokenize(text, keep_zwj)
    )
    text = make(3_000)
    assert len(list(joined_pieces(text))) > 100
    assert sum(read) <= 10 * len(text)  # each of them at most as often as the small windows overlap


def test_marks_are_in_the_order_that_needs_no_insertion() -> None:
    text = ordered_marks("a" + "\u0301\u0316" * 50)
    assert text == "a" + "\u0316" * 50 + "\u0301" * 50
    assert ordered_marks("a\u0301\u0316") == "a\u0301\u0316"
