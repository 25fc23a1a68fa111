"""Our copy of clean-text beside the library itself, with every option."""

import re
import signal
from typing import Any

import cleantext
import pytest
from cleantext import clean as original
from cleantext import constants
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.extract.text import library
from headstart.extract.text.library import SlowTextError, by_library

FLAGS = (
    "no_line_breaks keep_two_line_breaks no_code no_urls no_emails no_phone_numbers no_ip_addresses no_file_paths "
    "no_numbers no_digits no_currency_symbols no_punct no_emoji"
)
PIECES = (
    "http:// www. a b.com me@example.org ` ``` 1,000 12a /usr/bin \u20ac5 \u00e9 \u0301 \u0316 \U0001f600 \u200d "
    "\U0001f468 \U0001f3fd &amp; amp; #38; :smile: +1(555)123-4567 ::1 8.8.8.8 \\n \u2019 . @ -"
)
TEXTS = st.lists(st.sampled_from([*PIECES.split(), " ", "\n", "```py\n"]), max_size=14).map("".join)


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.sets(st.sampled_from(FLAGS.split())), st.sampled_from(["en", "de"]), st.booleans())
def test_texts_come_out_as_from_the_library(text: str, flags: set[str], lang: str, ascii_only: bool) -> None:
    options: dict[str, Any] = {**dict.fromkeys(flags, True), "lang": lang, "to_ascii": ascii_only}
    assert by_library(text, options) == original(text, **options)


def test_the_library_itself_is_left_alone() -> None:
    assert library.cleaner() is not original
    assert cleantext.clean is original
    assert isinstance(constants.URL_REGEX, re.Pattern)


def test_releases_that_were_not_compared_are_taken_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "are_known", lambda: False)
    assert library.cleaner.__wrapped__() is original


@pytest.mark.parametrize(
    "text", ["http://" + "a" * 64_000, "http://x" + ".a-b" * 9_000, "x@" * 20_000, "\u200d" * 9_000]
)
def test_long_texts_are_cleaned(text: str) -> None:
    by_library(text + "\u00e9", {"no_urls": True, "no_emails": True, "no_punct": True})


def test_a_text_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(text: str, **options: Any) -> str:
        while True:
            try:
                while True:
                    pass
            except TimeoutError:
                if options:
                    raise
                options = {"heard": "once"}  # as in clean-text, where all errors of a decoder are swallowed

    before = signal.getsignal(signal.SIGVTALRM)
    monkeypatch.setattr(library, "SECONDS", 0.02)
    monkeypatch.setattr(library, "cleaner", lambda: endless)
    with pytest.raises(SlowTextError, match=r"clean none.*the text is 'y+' \.\.\. \(40 more"):
        by_library("y" * 100, {})
    assert signal.getsignal(signal.SIGVTALRM) == before
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0, 0)
