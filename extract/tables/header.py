"""The first lines of delimited text: Excel's instruction, names of columns, or no header at all."""

import re
from collections.abc import Iterable, Sequence
from itertools import takewhile

from headstart.cache.runtime.errors import UserError
from headstart.extract.tables.batch import BLANKS, is_encodable, not_of

TEXT_NAMES = (
    "comment_text", "text", "comment", "tweet", "sentence", "review", "content", "message", "body", "texts", "comments",
    "tweets", "sentences", "reviews", "messages", "review_text", "review_body", "reviewtext", "tweet_text", "text_body",
    "full_text", "utterance", "sms", "post", "document",
)  # fmt: skip
"""Names that say that a column holds the text, in lower case, blanks and hyphens as underscores."""
LABEL_NAMES = (
    "toxic", "label", "labels", "target", "class", "y", "sentiment", "category", "categories", "polarity", "intent",
    "emotion", "emotions", "topic", "topics", "toxicity", "spam", "is_spam", "is_toxic", "tags", "stars", "rating",
    "severe_toxic", "obscene", "threat", "insult", "identity_hate",
)  # fmt: skip
"""Names that say that a column holds the label."""

HEADER_NAMES = {*TEXT_NAMES, "label", "labels", "target", "class", "sentiment", "category"}
"""Names that hardly any cell is; `spam` and `toxic` are also classes."""

MISREAD_MARK = "\ufeff".encode().decode("cp1252")
"""UTF-8's byte-order mark in a file that was once read in a Western encoding, and written anew."""
PROSE = 5  # words, from which on a name is none

_SEPARATOR = re.compile(r'("?)sep *=(?: *(\\t|\t|[^"\s])| )\2*+\1[\s,;|]*+', re.IGNORECASE)


def known_name(name: str) -> str:
    """A name as the lists of known names write it."""
    return re.sub(r"[\s-]+", "_", name.strip().lower())


def separator_of(line: str) -> str | None:
    """The delimiter that Excel's first line `sep=;` sets; None if the line is none.

    Other programs fill it up to a row of the table, or put blanks into it.
    """
    instruction = _SEPARATOR.fullmatch(line)
    if instruction is None:
        return None
    return "\t" if instruction[2] == "\\t" else instruction[2] or " "


def check_header(file: str, names: Sequence[str] | None, encoding: str) -> list[str]:
    """Return the names of the columns of a delimited file, without blanks around them.

    Raises:
        UserError: there are none, or they are no text.
    """
    if not names:
        raise UserError(f"{file} is empty; its first line must name the columns")
    if not is_encodable("".join(names)):
        raise UserError(f"the first line of {file}: {not_of(encoding)}")
    if any("\0" in name for name in names):
        raise UserError(
            f"the first line of {file} holds a NUL byte: it is no text file, or in an encoding to be named, "
            "like `--encoding utf-16-le`"
        )
    return [name.removeprefix(MISREAD_MARK).strip(BLANKS) for name in names]


def looks_like_data(names: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether a first line is a row rather than a header.

    A well-known name among its cells makes it a header. Else it is a row if a cell is a number, if a cell is one of a
    few that its column holds (`ham`, and then `spam`, `ham`, ...), or if it is prose as the cells below it.

    Args:
        names: Cells of the first line.
        rows: Further rows, as wide.
    """
    if not HEADER_NAMES.isdisjoint(map(known_name, names)):
        return False
    if any(map(is_number, names)):
        return True
    columns = zip(names, zip(*rows, strict=True), strict=True) if rows else ()
    return any(
        (_is_prose(name) and _are_prose(cells)) or (len(names) > 1 and _recurs(name, cells))
        for name, cells in columns
    )


def is_number(name: str) -> bool:
    """Whether a cell is a number; `nan` and `inf` are names."""
    try:
        float(name)
    except ValueError:
        return False
    return name.strip().lower().lstrip("+-") not in ("nan", "inf", "infinity")


def _recurs(name: str, cells: Sequence[str]) -> bool:
    """Whether a column holds few different values, and this is one of them."""
    return bool(name.strip()) and name in cells and 2 * len({*cells}) <= max(4, len(cells))


def _is_prose(name: str) -> bool:
    return len(name.split()) >= PROSE and not name.rstrip().endswith(("?", ":"))


def _are_prose(cells: Iterable[str]) -> bool:
    lengths = [len(cell.split()) for cell in cells if cell.strip()]
    return bool(lengths) and 2 * sum(length >= PROSE for length in lengths) > len(lengths)


def trailing_blanks(names: Sequence[str]) -> int:
    """Columns at the end that have no name."""
    return sum(1 for _ in takewhile(lambda name: not name.strip(), reversed(names)))
