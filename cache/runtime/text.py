"""Text for people: characters that may be printed, sizes in bytes, and what a wrong name may have meant."""

import difflib
from collections.abc import Iterable
from typing import Any

STARTED_AS: dict[str, str] = {}
"""What commands are called where the process was started, by their names in the checkout; empty in the checkout."""


def as_started(text: str) -> str:
    """A text whose commands are those that work where the process was started."""
    for name, here in STARTED_AS.items():
        text = text.replace(name, here)
    return text


def printable(text: str) -> str:
    """Escape what would move the cursor or end the line: names and texts may come from anyone."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text)


def say(text: str, stream: Any = None, end: str = "\n") -> None:
    """Print text for a person: every line on a terminal goes through here, and its names may come from anyone.

    Args:
        text: Its own line ends stay; whatever else would move the cursor is escaped. A name that is to stay in its line
            has to be `printable` before it is put in.
        stream: Text stream to write to; None takes standard output.
        end: What follows.
    """
    print("\n".join(map(printable, as_started(text).split("\n"))), end=end, file=stream, flush=True)


def brief(value: object, most: int = 40) -> str:
    """A value out of somebody's file, for a message: texts and numbers as they are, cut; of all else its type."""
    if not isinstance(value, str | int | float | None):
        return f"a {type(value).__name__}"
    try:
        shown = repr(value)
    except ValueError:  # Python writes no number of more than 4,300 digits
        return "a number of thousands of digits"
    return shown if len(shown) <= most else f"{shown[:most]}..."


_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def format_bytes(size: int | float) -> str:
    """Bytes as people write them: `format_bytes(1_500_000) == '1.5 MB'`."""
    unit = 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:,.0f} bytes" if unit == 0 else f"{size:.1f} {_UNITS[unit]}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question that names the known name nearest to an unknown one, and a space; nothing if none is near.

    Capitals count for nothing.
    """
    shown = {word.casefold(): word for word in reversed([*known])}
    near = difflib.get_close_matches(name.casefold(), shown, n=1)
    return f"did you mean {shown[near[0]]!r}? " if near else ""
