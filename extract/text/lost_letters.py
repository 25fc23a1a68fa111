"""Which texts lose letters to cleaning: the notebook's writes ASCII only, other letters become near ones or go."""

import unicodedata
from collections import Counter
from collections.abc import Iterable

SHARE = 10
"""One letter in so many may be lost."""


class CleanedTexts(list[str]):
    """Cleaned texts.

    Attributes:
        damaged: How many of them lost more than a tenth of their letters.
    """

    damaged: int = 0


def count_damaged(texts: Iterable[str], cleaned: Iterable[str]) -> int:
    """How many texts have lost more than a tenth of their letters."""
    return sum(
        not text.isascii() and is_damaged(text, after) for text, after in zip(texts, cleaned, strict=True)
    )


def is_damaged(text: str, cleaned: str) -> bool:
    """Whether more than a tenth of a text's letters are others after cleaning, or gone.

    Letters of ASCII do not count as lost: they go with URLs, as they should. Nor do upper case, and letters that are
    another way to write the same, such as wide ones.
    """
    letters = _letters(text)
    foreign = len(letters) - len(letters.encode("ascii", "ignore"))
    if SHARE * foreign <= len(letters):
        return False
    if not cleaned.isascii():
        foreign = (
            Counter(letters) - Counter(_letters(cleaned)) - Counter(filter(str.isascii, letters))
        ).total()
    return SHARE * foreign > len(letters)


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, unicodedata.normalize("NFKC", text).casefold()))


def describe_damaged(damaged: int, count: int, whose: str = "texts") -> str:
    """Say how many texts of how many lost letters, and what keeps them."""
    return (
        f"{damaged:,} of {count:,} {whose} lost more than a tenth of their letters to cleaning, which writes ASCII "
        'letters only ("schön" becomes "schon", Chinese goes): `--clean none` keeps them'
    )


def count_rewritten(texts: Iterable[str], cleaned: Iterable[str]) -> int:
    """How many texts hold letters outside ASCII, all of which cleaning writes in other ones, or drops."""
    pairs = zip(texts, cleaned, strict=True)
    return sum(after.isascii() and not _letters(text).isascii() for text, after in pairs)


def describe_rewritten(rewritten: int, count: int, whose: str = "texts") -> str:
    """Say how many texts of how many are spelled otherwise after cleaning, and what keeps them."""
    return (
        f'{rewritten:,} of {count:,} {whose} hold letters outside ASCII, which cleaning rewrites ("schön" becomes '
        '"schon"): `--clean none` keeps them'
    )
