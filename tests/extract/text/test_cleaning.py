import contextlib
import dataclasses
import itertools
import json
import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cleantext import clean as library
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.cache.runtime.errors import CacheError, UserError
from headstart.cache.runtime.text import printable
from headstart.extract.text import cleaning
from headstart.extract.text import library as library_copy
from headstart.extract.text.cleaning import NONE, NOTEBOOK, Cleaning
from headstart.extract.text.library import SlowTextError

from ...real_data import real_texts

CASES = [
    ("Hey... what is it..\n@ | talk .", "hey what is it | talk"),
    ("See https://example.org/a?b=c NOW!", "see <url> now"),
    ("Don\u2019t   caf\u00e9\tna\u00efve", "dont cafe naive"),
    ("76.122.79.82 said 100%", "7612279 82 said 100"),
    ("...!!!", ""),
]
OPTIONS = {"no_line_breaks": True, "no_urls": True, "no_punct": True}
PIECES = [
    "https://example.org/a?b=c", "http://", "ftp://x.y/z)", "www.Foo.com", "WWW2.bar.co.uk/a`b", "://",
    "me@example.org", ":smile:", ":+1:", "::", ": :", ":a", "&amp;", "&#39;", "&", "&lt", ";", "\\n", "\\x41", "\\",
    "`", "''", "\"", "<URL>", "+1 (555) 123-4567", "$100", "\u20ac5", "1,000.50", "76.122.79.82", "\U0001f600",
    "\u2764\ufe0f", "1\ufe0f\u20e3", "caf\u00e9", "\u00c3\u00a9", "\u2019", "\u201c", "\ufb01", "\n", "\r\n", "\r",
    "\t", "\u000b", "\f", "\u001c", "\u0085", "\x00", "\u001b[31m", "\u00a0", "\u2028", "Ab", "x y", "  ",
    "$+<=>^|~", "-_", "[a](b)", "{", "}", "I\u0307", "\u0130",
]  # fmt: skip


@pytest.mark.parametrize(("raw", "wanted"), CASES[:3] + CASES[4:])
def test_the_notebook_s_options(raw: str, wanted: str) -> None:
    assert cleaning.clean(raw) == wanted


@pytest.mark.parametrize(
    ("smallest", "how"), [(1000, NOTEBOOK), (10, Cleaning({"lower": False})), (10, NONE)]
)
def test_processes_give_the_same_texts_in_the_same_order(
    monkeypatch: pytest.MonkeyPatch, smallest: int, how: Cleaning
) -> None:
    texts = [f"Comment No. {i}!" for i in range(50)]
    monkeypatch.setattr(cleaning, "MIN_PARALLEL", smallest)
    monkeypatch.setattr(cleaning, "CHUNK", 8)
    with cleaning.cleaned(texts, workers=2, cleaning=how) as chunks:
        found = list(chunks)
    assert [len(chunk) for chunk in found] == [8] * 6 + [2]
    wanted = texts if how == NONE else [library(text, **how.options) for text in texts]
    assert list(itertools.chain.from_iterable(found)) == wanted


def test_processes_are_worth_their_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "core_count", lambda: 8)
    by_library = Cleaning({"lower": False})
    rows = [3_999, 4_000, 15_999, 16_000, 1_000_000]
    assert [cleaning._processes(count, by_library) for count in rows] == [1, 2, 4, 5, 8]
    assert [cleaning._processes(count, NOTEBOOK) for count in rows] == [1, 1, 1, 2, 8]


def test_versions_name_unidecode_s_absence() -> None:
    assert "clean-text" in cleaning.versions()
    assert "unidecode" in cleaning.versions()
    assert (NOTEBOOK.versions, NONE.versions) == (cleaning.versions(), "")


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=12).map("".join))
def test_the_short_way_gives_what_the_library_gives(text: str) -> None:
    assert cleaning.clean(text) == library(text, **OPTIONS)


@settings(max_examples=600, deadline=None)
@given(st.text(st.characters(max_codepoint=127), max_size=40))
def test_the_short_way_knows_ascii(text: str) -> None:
    assert cleaning.clean(text) == library(text, **OPTIONS)


@pytest.mark.parametrize("code", range(128))
def test_every_ascii_character_comes_out_as_the_library_has_it(code: int) -> None:
    for text in (chr(code), f"a{chr(code)}B", f"{chr(code)} x{chr(code) * 2}"):
        assert cleaning.clean(text) == library(text, **OPTIONS)


@pytest.mark.parametrize(
    ("file", "name"), [("jigsaw_train_sample.csv", "comment_text"), ("davidson.csv", "tweet")]
)
def test_real_texts_go_the_short_way_and_come_out_the_same(file: str, name: str) -> None:
    texts = real_texts(file, name)[::20]
    assert cleaning.clean_all(texts) == [library(text, **OPTIONS) for text in texts]
    short = [cleaning.clean_plain(text) for text in texts]
    assert sum(text is not None for text in short) > 0.6 * len(texts)


def test_releases_that_were_not_compared_go_through_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "are_known", lambda: False)
    monkeypatch.setattr(cleaning, "clean_plain", lambda text: pytest.fail("went the short way"))
    assert cleaning.clean("A b!") == "a b"


def test_the_installed_releases_are_those_that_were_compared() -> None:
    assert cleaning._has_short_way(NOTEBOOK)


@pytest.mark.parametrize(
    "how", [NOTEBOOK, NONE, Cleaning({}), Cleaning({"lang": "de", "exceptions": ["a.b"]})]
)
def test_there_and_back(how: Cleaning) -> None:
    assert cleaning.from_json(how.to_json()) == how == pickle.loads(pickle.dumps(how))  # noqa: S301
    assert how.to_json() == json.dumps(how.options, sort_keys=True, separators=(",", ":"))
    assert dataclasses.is_dataclass(how)


@pytest.mark.parametrize(
    ("text", "says"), [("{", "is no JSON"), ("[]", "holds no options"), ("1", "holds no options")]
)
def test_a_recipe_s_cleaning_that_is_none(text: str, says: str) -> None:
    with pytest.raises(CacheError, match=says):
        cleaning.from_json(text)


def test_one_worker_is_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "MIN_PARALLEL", 1)
    monkeypatch.setattr(cleaning, "in_processes", lambda *_: pytest.fail("asked for another process"))
    with cleaning.cleaned(["A!", "B?"], workers=1) as chunks:
        assert list(chunks) == [["a", "b"]]


ENDLESS = ["(a+)+$", "(?:x|xx)*!", r"(\w+\s?)*;"]


@pytest.mark.parametrize("pattern", ENDLESS)
def test_a_pattern_that_never_ends_is_named_with_the_text(
    monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    monkeypatch.setattr(library_copy, "SECONDS", 0.05)
    texts = ["short", "a" * 60 + "x" * 60 + "?"]
    how = Cleaning({"exceptions": ["never mind", pattern]})
    with (
        pytest.raises(
            UserError, match=r"^text 2 of those to clean: the pattern .*; the text is 'aaa"
        ) as caught,
        cleaning.cleaned(texts, cleaning=how) as chunks,
    ):
        list(chunks)
    assert repr(printable(pattern)) in str(caught.value)


def test_other_processes_and_threads_are_stopped_too(monkeypatch: pytest.MonkeyPatch) -> None:
    how = Cleaning({"exceptions": ["b"]})
    stopped = SlowTextError("too slow", 3)
    assert (str(pickle.loads(pickle.dumps(stopped))), stopped.position) == ("too slow", 3)  # noqa: S301

    @contextlib.contextmanager
    def elsewhere(work: Any, chunks: list[list[str]], processes: int) -> Iterator[Iterator[list[str]]]:
        yield iter([["from another process"] for _ in chunks])

    monkeypatch.setattr(cleaning, "in_processes", elsewhere)
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(cleaning.clean_all, ["a"], how).result() == ["from another process"]
        assert thread.submit(cleaning.clean_all, ["A"], NOTEBOOK).result() == ["a"]
    assert cleaning.clean_all(["aB"], how) == ["ab"]
