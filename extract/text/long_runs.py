"""Long runs of joiners, marks and escaped ampersands, put so that libraries take linear time for them.

Texts come out as they do without this; the tests compare. Emoji looks through all joiners that it has met at every
character; Unicode's normal forms sort marks by insertion; ftfy takes one `amp;` away in each pass over a text.
"""

import itertools
import re
from collections.abc import Iterator
from unicodedata import combining

LONG = 1_000  # characters; in shorter texts no run is worth the trouble
LONG_RUN = 32  # marks; so many are sorted by insertion soon enough
WINDOW = 1_000  # characters of which emoji are found together
LOOK_AHEAD = 100  # characters; the longest emoji has about ten
MOST_ESCAPES = 64
"""Of one ampersand. One that was escaped more often is taken for one escaped so often: the only texts that come out in
another way are those in which such a thing stands beside another of them, and both are halves of one wrongly decoded
character."""

JOINER = "\u200d"
_ESCAPED = r"(?:amp|AMP|#0{0,20}38|#[xX]0{0,19}26);"
_DEEP = re.compile(f"(&(?:{_ESCAPED}){{{MOST_ESCAPES}}})(?:{_ESCAPED})++")
_TWO_MARKS = {0x0344: "\u0308\u0301", 0x0F73: "\u0f71\u0f72", 0x0F75: "\u0f71\u0f74", 0x0F81: "\u0f71\u0f80"}
"""Characters that every normal form takes apart into marks."""


def ordered_marks(text: str) -> str:
    """The canonically equal text in which the marks of long runs are in the order of the normal forms."""
    if len(text) < LONG or text.isascii():
        return text
    return "".join(map(_ordered, _runs(text.translate(_TWO_MARKS))))


def _runs(text: str) -> Iterator[tuple[bool, str]]:
    groups = itertools.groupby(text, lambda c: c > "\u02ff" and combining(c) > 0)
    return ((marks, "".join(characters)) for marks, characters in groups)


def _ordered(run: tuple[bool, str]) -> str:
    marks, text = run
    return "".join(sorted(text, key=combining)) if marks and len(text) > LONG_RUN else text


def shallow_ampersands(text: str) -> str:
    """The text with every ampersand escaped so often at most, up to the line with `<`: ftfy unescapes no further."""
    stop = text.find("<")
    end = len(text) if stop < 0 else text.rfind("\n", 0, stop) + 1
    return _DEEP.sub(r"\1", text[:end]) + text[end:] if len(text) >= LONG else text


def joined_pieces(text: str) -> Iterator[str]:
    """Cut a text behind joiners that join nothing, where emoji begins anew."""
    start, size = 0, WINDOW
    if len(text) < LONG or JOINER not in text:
        size = len(text)
    while len(text) - start > size:
        if (joint := _last_joint(text[start : start + size])) is None:
            size *= 2  # no joiner to remember, either
        else:
            yield text[start : start + joint]
            start, size = start + joint, WINDOW
    yield text[start:]


def _last_joint(text: str) -> int | None:
    """Position behind the last joiner between two emoji that stay two, as far as later characters do not matter."""
    from emoji.tokenizer import EmojiMatch, tokenize

    last = None
    for token, following in itertools.pairwise(tokenize(text, keep_zwj=True)):
        if isinstance(token.value, EmojiMatch) and following.chars == JOINER:
            if token.value.end >= len(text) - LOOK_AHEAD:
                break
            last = token.value.end + 1
    return last
