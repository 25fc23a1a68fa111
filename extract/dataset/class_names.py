"""Names of classes: one spelling for what is equal, their order, and what is no name of a class."""

import re
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal

from headstart.cache.runtime.errors import UserError
from headstart.cache.task import Task
from headstart.extract.dataset.categories import BadCellError

MOST_CLASSES = 1_000
MOST_SHOWN = 20  # names in a message
MOST_DECIMALS = 20  # distinct numbers with a fraction: more are measurements, not classes
MOST_DIGITS = 300  # of a number: longer ones are names

NO_LABEL = "-1"
FLAGS = {"0": 0, "1": 1, "false": 0, "true": 1}
WORDS = {"false": "0", "true": "1"}
MISSING = {"nan", "none", "null", "na", "n/a", "<na>", "nat"}
"""How programs write a missing value as text, in lower case."""

_INTEGER = re.compile(r"-?\d{1,300}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_LEADING_ZERO = re.compile(r"[+-]?0\d", re.ASCII)


def spelling(name: str) -> str:
    """Spell a number or a truth value in one way: `1.0`, `+1` and `1e0` as `1`, `TRUE` as `true`; others stay.

    A number with a leading zero, such as `007`, is a name, and stays as well.
    """
    if name.lower() in WORDS:
        return name.lower()
    if len(name) > MOST_DIGITS or not _NUMBER.fullmatch(name) or _LEADING_ZERO.match(name):
        return name
    plain = f"{Decimal(name):f}"
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain == "-0" else plain


def one_spelling(names: Iterable[str]) -> dict[str, str]:
    """Spell all names of a column, so that equal values have equal names, whatever the format of their file.

    Names stay as they are where their spelling matters: if one has a leading zero (`007` is not `7`), if a fraction
    is spelled in two ways (`1.1` and `1.10` are sections), or if words stand beside numbers of which no two are equal.
    """
    column = list(dict.fromkeys(names))
    spelled, missing = {name: spelling(name) for name in column}, missing_words(column)
    values = set(spelled.values()) - missing
    fractions = [value for value in spelled.values() if "." in value and is_number(value)]
    spelt_twice = len(values) + len(missing) < len(column)
    words = not all(value in WORDS or is_number(value) for value in values)
    if any(map(_LEADING_ZERO.match, column)) or len(set(fractions)) < len(fractions):
        return {name: name for name in column}
    if words and not spelt_twice:
        return {name: name for name in column}
    if values <= {*FLAGS, NO_LABEL} and values & set(WORDS) and values & set(WORDS.values()):
        return {name: WORDS.get(value, value) for name, value in spelled.items()}
    return spelled


def missing_words(names: Collection[str]) -> set[str]:
    """Names such as `nan` and `None` that say "no label": where all others are numbers, two or more."""
    words = {name for name in names if name.lower() in MISSING}
    others = {spelling(name) for name in names if words and name not in words} - {NO_LABEL}
    return words if len(others) > 1 and all(name in WORDS or is_number(name) for name in others) else set()


def lacks_label(names: set[str]) -> bool:
    """Whether -1 says "no label" in a column of these names: beside words, or two or more from 0, 1, … (1, 2, …) on.

    So -1 and 1 are the two classes of a support vector machine, and -1 beside 0 and 1 is no label.
    """
    classes = names - {NO_LABEL}
    if NO_LABEL not in names or not any(map(is_number, classes)):
        return NO_LABEL in names and bool(classes)
    if len(classes) < 2 or not all(map(is_integer, classes)):
        return False
    numbers = sorted(map(int, classes))
    return numbers[0] in (0, 1) and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def by_spelling(names: Sequence[str]) -> dict[str, str]:
    """Each name of `--class-names` by the ways in which cells may spell it; see `look_up`."""
    known = {spelling(name): name for name in names}
    if {*known} in ({*WORDS}, {*WORDS.values()}):
        known |= {word: known[digit] for word, digit in WORDS.items() if digit in known}
        known |= {digit: known[word] for word, digit in WORDS.items() if word in known}
    return known | {name: name for name in names}


def look_up(known: dict[str, str], value: str, column: str) -> str:
    """Return the name of `--class-names` that a cell spells.

    Raises:
        BadCellError: there is none.
    """
    name = known.get(value, known.get(spelling(value)))
    if name is None:
        listed = ", ".join(list(dict.fromkeys(known.values()))[:MOST_SHOWN])
        raise BadCellError(
            f"column {column!r} holds the label {value[:80]!r}, which is none of --class-names {listed}"
        )
    return name


def in_order(classes: Sequence[str]) -> list[str]:
    """Sort classes: by size if all are whole numbers, else as strings."""
    if all(map(is_integer, classes)):
        return sorted(classes, key=lambda name: (int(name), name))
    return sorted(classes)


def refuse_measurements(classes: Sequence[str], column: str) -> None:
    """Refuse a column of numbers that are no classes.

    Raises:
        UserError: they have fractions, and are many.
    """
    numbers = len(classes) > MOST_DECIMALS and all(map(is_number, classes))
    if numbers and not all(map(is_integer, classes)):
        raise UserError(
            f"column {column!r} holds {len(classes):,} different numbers with fractions: these are measurements, not "
            "classes; choose another column with --label-column"
        )


def refuse_too_many(column: str, classes: set[str]) -> None:
    """Refuse a column with too many classes; reading stops at the first one too many.

    Raises:
        UserError: they are more than `MOST_CLASSES`.
    """
    if len(classes) > MOST_CLASSES:
        raise UserError(
            f"column {column!r} holds {len(classes):,} different values or more, at most {MOST_CLASSES:,} classes can "
            "be told apart; choose another column with --label-column"
        )


def renamed(task: Task, names: Sequence[str]) -> Task:
    """Give the classes other names.

    Raises:
        UserError: they are not as many as the classes.
    """
    if len(names) != len(task.classes):
        classes = ", ".join(task.classes[:MOST_SHOWN])
        raise UserError(
            f"--class-names gives {len(names)} names, the classes are {len(task.classes)}: {classes}; name each once, "
            "in this order"
        )
    return Task(task.kind, tuple(names))


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
