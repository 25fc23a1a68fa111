"""Which texts cleaning damages."""

import copy

import pytest

from headstart.extract.text.cleaning import NONE, Cleaning, clean_all
from headstart.extract.text.lost_letters import (
    count_damaged,
    count_rewritten,
    describe_damaged,
    describe_rewritten,
    is_damaged,
)

DAMAGED = [
    "schön",
    "scho\u0308n",  # the same, its dots a character of their own
    "这部电影 2 小时",
    "Очень плохой фильм",
    "très déçu, à éviter",
    "ฉันชอบหนังเรื่องนี้",
    "फिल्म बहुत अच्छी थी",
]
KEPT = [
    "you are KIND!",
    "see https://example.com/a/very/long/path/to/nothing ok",  # letters of ASCII go with the URL
    "“quoted” — and so on… 😀",
    "a long English comment on a café, that goes on and on",
    "\uff37\uff29\uff24\uff25 letters",  # wide ones
    "",
    "12345 ١٢٣",
]


@pytest.mark.parametrize("text", DAMAGED)
def test_letters_of_other_languages_are_missed(text: str) -> None:
    assert is_damaged(text, clean_all([text])[0])
    assert not is_damaged(text, text.lower())


@pytest.mark.parametrize("text", KEPT)
def test_nothing_else_is(text: str) -> None:
    assert not is_damaged(text, clean_all([text])[0])


def test_chunks_say_how_many() -> None:
    cleaned = clean_all([*DAMAGED, *KEPT])
    assert cleaned.damaged == len(DAMAGED)
    copied = copy.copy(cleaned)  # as it is when another process sends it
    assert (copied, copied.damaged) == (cleaned, cleaned.damaged)
    assert clean_all(DAMAGED, NONE).damaged == 0
    assert clean_all(DAMAGED, Cleaning({"to_ascii": False})).damaged == 0
    assert count_damaged(["aé"], ["ae"]) == 1


def test_a_tenth_may_go() -> None:
    assert not is_damaged("abcdefghié", "abcdefghie")
    assert is_damaged("abcdefghé", "abcdefghe")


def test_the_line_names_the_way_out() -> None:
    assert describe_damaged(1_203, 5_000).startswith("1,203 of 5,000 texts lost")
    assert "`--clean none`" in describe_damaged(1, 2)


@pytest.mark.parametrize(
    ("text", "counts"),
    [("Schöne Grüße aus München von der ganzen Abteilung", 1), ("café", 1), ("plain 東 text of many words here", 1),
     ("plain", 0), ("thanks \U0001f600", 0), ("“quoted” 5 €", 0)],
)  # fmt: skip
def test_letters_that_are_only_rewritten(text: str, counts: int) -> None:
    assert count_rewritten([text], clean_all([text])) == counts
    assert count_rewritten([text], clean_all([text], NONE)) == 0
    assert describe_rewritten(counts, 9).startswith(f"{counts} of 9 texts hold letters outside ASCII")
