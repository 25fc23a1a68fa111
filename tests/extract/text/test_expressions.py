"""Each twin gives what clean-text's expression gives, and its work grows with the text."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from cleantext import constants
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.extract.text import expressions
from headstart.extract.text.expressions import NUMBERS, Code, Emails, Urls

NUMBERS_TWIN = re.compile(constants.NUMBERS_REGEX.pattern.replace(*NUMBERS))
PIECES = {
    "urls": "http:// https:// www. www12. ftp:// @ a b . - : / 1 10.0.0.1 8.8.8.8 localhost ) ] _ \u017f \\ com .a-bc "
    "x < \u212a",
    "emails": "a b @ (at) [AT} . .. - + _ ) com .co 1 : \u00e9 < {at",
    "numbers": "1 0 12 123 , . _ a - + \u2013 1,000 \u0663",
    "code": "` `` ``` ```` ````` a \u00e9 py",
}
PAIRS: dict[str, tuple[Any, Any]] = {
    "urls": (constants.URL_REGEX, Urls()),
    "emails": (constants.EMAIL_REGEX, Emails()),
    "numbers": (constants.NUMBERS_REGEX, NUMBERS_TWIN),
    "code": (constants.CODE_REGEX, Code()),
}
# Kept short: the originals are exponential.
TEXTS = {
    name: st.lists(st.sampled_from([*pieces.split(), " ", "\n"]), max_size=12).map("".join)
    for name, pieces in PIECES.items()
}


@pytest.mark.parametrize("kind", PAIRS)
def test_twins_give_what_the_originals_give(kind: str) -> None:
    original, twin = PAIRS[kind]

    @settings(max_examples=500, deadline=None)
    @given(TEXTS[kind])
    def compare(text: str) -> None:
        for beginning in ("", "http://", "x www."):
            text = beginning + text
            assert twin.sub("\u00a7", text) == original.sub("\u00a7", text)

    compare()


@pytest.mark.parametrize(
    ("kind", "text", "right"),
    [
        ("urls", "http://a@b.com/@c.de(x) y", "\u00a7(x) y"),
        ("urls", "ftp://u:p@localhost:80/a) www.10.0.0.1", "\u00a7) www.10.0.0.1"),
        ("emails", "me.too(at)b-c.org, a..b@c.de", "\u00a7, a..b@c.de"),
        ("numbers", "_12a 1,000.5 x7", "_\u00a7a \u00a7 x\u00a7"),
        ("code", "````py\nx``` y", "`\u00a7 y"),
    ],
)
def test_a_few_by_hand(kind: str, text: str, right: str) -> None:
    original, twin = PAIRS[kind]
    assert twin.sub("\u00a7", text) == original.sub("\u00a7", text) == right


LONG: list[tuple[str, Callable[[int], str]]] = [
    ("urls", lambda n: "http://" + "a" * n),
    ("urls", lambda n: "http://x" + ".a-bbbb" * n),
    ("urls", lambda n: "-www." + "a-www." * n),
    ("urls", lambda n: "http://" + "@" * n),
    ("urls", lambda n: "http://" + ":@-" * n),
    ("urls", lambda n: "-http://" * n),
    ("urls", lambda n: "(http://a.bc)" * n),
    ("emails", lambda n: ":a@" * n),
    ("emails", lambda n: "-" * n),
    ("emails", lambda n: "a@b" + ".c-dddd" * n),
    ("numbers", lambda n: "_" + "1" * n + "_"),
    ("code", lambda n: "`" * n),
    ("code", lambda n: "\n".join("`" * k for k in range(int(n**0.5), 2, -1))),
]


def steps(twin: Any, text: str) -> float:
    """Processor time of a substitution."""
    start = time.process_time()
    twin.sub("", text)
    return time.process_time() - start


@pytest.mark.parametrize(("kind", "make"), LONG)
def test_work_grows_with_the_text_and_not_with_its_square(kind: str, make: Callable[[int], str]) -> None:
    twin = PAIRS[kind][1]
    short, long = (steps(twin, make(n)) for n in (2_000, 16_000))
    assert long < 24 * max(short, 1e-3)  # 8 times the text; its square would be 64 times the work


def test_a_part_of_a_text_is_read_once_for_all_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    class Counting:
        def match(self, text: str, start: int) -> Any:
            found = labels.match(text, start)
            read.append(found.end() - start if found else 0)
            return found

    labels = expressions._LABELS
    monkeypatch.setattr(expressions, "_LABELS", Counting())
    for text in ("-www." + "a-www." * 500, "http://" + "@" * 2_000, "http://x" + ".a-bbbb" * 500):
        read.clear()
        Urls().sub("", text)
        assert 0 < sum(read) <= 2 * len(text)
