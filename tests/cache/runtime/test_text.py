import sys

import pytest

from headstart.cache.runtime.text import brief, did_you_mean, format_bytes, printable, say


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain, ß and 漢", "plain, ß and 漢"),
        ("up\x1b[A", "up\\x1b[A"),
        ("two\nlines\r", "two\\nlines\\r"),
        ("right to left: \u202e", "right to left: \\u202e"),
        ("half a pair: \ud800", "half a pair: \\ud800"),
    ],
)
def test_what_would_move_the_cursor_is_escaped(text: str, escaped: str) -> None:
    assert printable(text) == escaped
    assert printable(text).isprintable()


@pytest.mark.parametrize(
    ("size", "text"), [(999, "999 bytes"), (1_500_000, "1.5 MB"), (2e9, "2.0 GB"), (5e15, "5000.0 TB")]
)
def test_sizes_for_people(size: float, text: str) -> None:
    assert format_bytes(size) == text


@pytest.mark.parametrize(
    ("name", "question"),
    [("gru_poold", "did you mean 'gru_pooled'? "), ("lsmt", "did you mean 'lstm'? "), ("cnn", ""), ("", "")],
)
def test_the_nearest_known_name_is_asked_for(name: str, question: str) -> None:
    assert did_you_mean(name, ("gru", "gru_pooled", "lstm")) == question
    assert did_you_mean(name, iter(["gru", "gru_pooled", "lstm"])) == question


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\x1b", r"'a\x1b'"), (1.5, "1.5"), (None, "None"), ("x" * 50, "'" + "x" * 39 + "..."), ([[1]], "a list"),
        (10**100, "1" + "0" * 39 + "..."), ({}, "a dict"),
    ],
)  # fmt: skip
def test_what_a_message_says_of_somebody_s_value(value: object, shown: str) -> None:
    assert brief(value) == shown
    assert brief(10**5000) == "a number of thousands of digits"


def test_what_is_said_has_its_lines_and_nothing_else_that_moves_the_cursor(
    capsys: pytest.CaptureFixture[str],
) -> None:
    say("\none\ntwo\x1b[2J\r\x07\u202e\tthree\u2028")
    say("asked? ", end="")
    say("half \udce9", sys.stderr)
    out, err = capsys.readouterr()
    assert out == "\none\ntwo\\x1b[2J\\r\\x07\\u202e\\tthree\\u2028\nasked? "
    assert err == "half \\udce9\n"
