"""The order of classes, and what no classes are."""

import re
from collections.abc import Sequence

from headstart.cache.runtime.errors import UserError

MOST_DECIMALS = 20  # distinct numbers with a fraction: more are measurements, not classes
_INTEGER = re.compile(r"-?\d{1,300}", re.ASCII)


def in_order(found: Sequence[str]) -> list[str]:
    """Sort classes: by size if all are whole numbers, else as strings."""
    return sorted(found, key=lambda name: (int(name), name)) if all(map(is_integer, found)) else sorted(found)


def refuse_measurements(found: Sequence[str], column: str) -> None:
    """Refuse a column of numbers that are no classes.

    Raises:
        UserError: they have fractions, and are many.
    """
    numbers = len(found) > MOST_DECIMALS and all(map(is_number, found))
    if numbers and not all(map(is_integer, found)):
        raise UserError(
            f"column {column!r} holds {len(found):,} different numbers with fractions: these are measurements, not "
            "classes; choose another column with --label-column"
        )


def too_many(column: str, found: int, most: int) -> UserError:
    """The error for a column with too many classes; reading stops at the first one too many."""
    return UserError(
        f"column {column!r} holds {found:,} different values or more, at most {most:,} classes can be told apart; "
        "choose another column with --label-column"
    )


def is_number(value: str) -> bool:
    """Whether a string is a number."""
    try:
        float(value)
    except ValueError:
        return False
    return True


def is_integer(value: str) -> bool:
    """Whether a string is a whole number."""
    return _INTEGER.fullmatch(value) is not None
