"""Which column holds the text and which the label."""

import re
from collections import Counter
from collections.abc import Sequence

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.text import did_you_mean, printable
from headstart.extract.dataset.class_names import spelling
from headstart.extract.dataset.label_lists import are_lists
from headstart.extract.tables.batch import BLANKS, MOST_COLUMNS
from headstart.extract.tables.header import LABEL_NAMES, TEXT_NAMES, is_number, known_name
from headstart.extract.tables.source import FirstRows, refuse_headerless, refuse_twice

MOST_LISTED = 12
"""Names of columns in a message."""

_OTHERS = re.compile(
    r"|unnamed:_\d+|index|idx|row|(.*_)?u?u?id|.*(date|time|timestamp)|created(_at)?|updated(_at)?|url|link"
)
"""Known names of columns that hold neither text nor label: row numbers, keys, times, addresses."""
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
"""Letters of Thai, Lao, Tibetan, Burmese, Khmer, Japanese and Chinese, which put no blanks between words."""
UNSPACED_WORDS = 3
"""Such letters, from which on a cell is as good as several words."""


class ColumnChoice:
    """Chooses the columns of a data set, of its first file; later files must have the same.

    Args:
        text: Name of the text column, or None, which guesses it.
        label: Name of the label column, names of several separated by commas, or None, which guesses it.
        others: Further columns to read, which are no guess for text or label.

    Attributes:
        text: Name of the text column, once it is chosen.
        labels: Names of the label columns.
        only_flags: Whether the label was guessed as the only column that holds nothing but 0 and 1.
    """

    def __init__(self, text: str | None, label: str | None, others: Sequence[str] = ()) -> None:
        self.text, self.labels, self.only_flags = "", list[str](), False
        self._asked, self._others = (text, label), list(others)

    def __call__(self, first: FirstRows) -> list[str]:
        """Return the columns to read of a file; raises UserError where they are open, or not there."""
        columns = [self.text, *self.labels, *self._others]
        if not self.text:
            self._choose(first)
        elif missing := [name for name in columns if name not in {*first.header}]:
            raise UserError(
                f"{first.file} has no column {missing[0]!r}, as the first file has. {_listed(first.header)}"
            )
        return list(dict.fromkeys([self.text, *self.labels, *self._others]))

    def _choose(self, first: FirstRows) -> None:
        text, label = self._asked
        for name in self._others:
            _named(first, name, "its own flag")
        named = {text, *(label or "").split(",")}
        passed_over = {name for name in self._others if name not in named}
        left = first._replace(header=[name for name in first.header if name not in passed_over])
        self.text, self.labels = choose_columns(left, text, label)
        rest = [name for name in left.header if name not in (self.text, *self.labels)]
        guessed = label is None and known_name(self.labels[0]) not in LABEL_NAMES
        self.only_flags = guessed and bool(rest) and is_binary(first.read(self.labels)[self.labels[0]])


class TextChoice:
    """Chooses the text column of new texts, and further ones to keep: the first file's first rows decide.

    Args:
        text: The user's choice; None guesses it.
        keep: Names of further columns.
    """

    def __init__(self, text: str | None, keep: Sequence[str] = ()) -> None:
        self.text, self._keep = text, keep

    def __call__(self, first: FirstRows) -> list[str]:
        """Return the columns to read; raises UserError where the text is open, or one is not there."""
        self.text = choose_text(first, self.text)
        for name in self._keep:
            _named(first, name, "--keep")
        return list(dict.fromkeys([self.text, *self._keep]))


def choose_columns(first: FirstRows, text: str | None, label: str | None) -> tuple[str, list[str]]:
    """Return the names of the text and the label columns: as given, else guessed where only one fits.

    Args:
        first: The first rows.
        text: Name of the text column, or None.
        label: Name of the label column, names of several separated by commas, or None.

    Raises:
        UserError: a named column is not there, or none or several would fit.
    """
    _named(first, text, "--text-column")  # of two mistakes, this is named first
    labels = _labels(first, label)
    text = choose_text(first, text, labels)
    labels = labels or [_guess_label(first, text)]
    if text in labels:
        raise UserError(f"the column {text!r} cannot be both text and label. {_listed(first.header)}")
    return text, labels


def choose_text(first: FirstRows, text: str | None, labels: Sequence[str] = ()) -> str:
    """Return the name of the text column: as given, else guessed where only one fits.

    Raises:
        UserError: it is not there, or none or several would fit.
    """
    return _named(first, text, "--text-column") or _guess_text(first, labels)


def _labels(first: FirstRows, label: str | None) -> list[str]:
    """The named label columns; none if the user named none."""
    if label is None:
        return []
    names = [label] if label in {*first.header} else [name.strip() for name in label.split(",")]
    columns = [_named(first, name, "--label-column") for name in names]
    return [name for name in columns if name is not None]


def is_binary(cells: Sequence[str]) -> bool:
    """Whether cells hold nothing but 0 and 1, however written."""
    return bool(cells) and {spelling(cell.strip(BLANKS)) for cell in {*cells}} <= {"0", "1"}


def _named(first: FirstRows, name: str | None, flag: str) -> str | None:
    if name is None or name in {*first.header}:
        refuse_twice(first, [name] if name else [])
        return name
    refuse_headerless(first)
    question = did_you_mean(name, first.header[:MOST_COLUMNS])
    hint = f"; {question}" if question else ". "
    raise UserError(f"there is no column {name!r}{hint}{_listed(first.header)} Choose one with {flag}.")


def _candidates(first: FirstRows) -> list[str]:
    """Columns that may be guessed: one of its name, and not known as something else.

    Raises:
        UserError: the first line looks like a row, or two columns have one well-known name.
    """
    refuse_headerless(first)
    counts, known = Counter(first.header), {*TEXT_NAMES, *LABEL_NAMES}
    refuse_twice(first, [name for name in counts if known_name(name) in known])
    return [name for name, count in counts.items() if count == 1 and not _OTHERS.fullmatch(known_name(name))]


def _guess_text(first: FirstRows, labels: Sequence[str]) -> str:
    """A well-known name decides; else the only column that holds several words, and others nothing as long."""
    candidates = [name for name in _candidates(first) if name not in labels]
    known = [name for name in candidates if known_name(name) in TEXT_NAMES]
    if len(known) == 1:
        return known[0]
    cells = _read(first, known or candidates)
    if known:
        return _only(first, [name for name in known if _words(cells[name])] or known, "text", "--text-column")
    wordy = [name for name in cells if _words(cells[name]) and not are_lists(cells[name])]
    return _only(first, [*wordy, *_rivals(cells, wordy)], "text", "--text-column")


def _read(first: FirstRows, names: Sequence[str]) -> dict[str, list[str]]:
    """The first cells of columns that have no well-known name.

    Raises:
        UserError: there are too many.
    """
    if len(names) > MOST_COLUMNS:
        raise UserError(
            f"{first.file} has {len(names):,} columns, one can be guessed among {MOST_COLUMNS:,} at most; "
            "choose with --text-column and --label-column"
        )
    return first.read(names)


def _rivals(cells: dict[str, list[str]], wordy: Sequence[str]) -> list[str]:
    """Columns of single words that may be the text as well as the only one of several: as long, as varied."""
    if len(wordy) != 1:
        return []
    length, variety = _size(cells[wordy[0]])
    others = {name: _size(column) for name, column in cells.items() if name not in wordy}
    return [name for name, size in others.items() if 2 * size[0] > length and size[1] >= max(0.5, variety)]


def _size(cells: Sequence[str]) -> tuple[float, float]:
    """Mean letters of the filled cells, and the share of different ones."""
    filled = [cell for cell in map(str.strip, cells) if cell and not cell.startswith(("[", "{"))]
    letters = sum(letter.isalpha() for cell in filled for letter in cell)
    return letters / max(1, len(filled)), len({*filled}) / max(1, len(filled))


def _guess_label(first: FirstRows, text: str) -> str:
    """A well-known name decides; else the only column of 0 and 1, or of lists, or the only one there is."""
    rest = [name for name in _candidates(first) if name != text]
    known = [name for name in rest if known_name(name) in LABEL_NAMES]
    if known:
        return _only(first, known, "label", "--label-column")
    cells = _read(first, rest)
    fitting = [name for name in rest if is_binary(cells[name])]
    fitting = fitting or [name for name in rest if are_lists(cells[name])]
    # With nothing but the text and one more column, that column is the label, whatever it holds:
    # the label check then names the first row that does not fit.
    return _only(first, fitting or (rest if len(rest) == 1 else []), "label", "--label-column")


def _words(cells: Sequence[str]) -> bool:
    """Whether most filled cells hold several words, or as many letters of a script without blanks."""
    filled = [cell for cell in cells if cell.strip()]
    return 2 * sum(map(_is_wordy, filled)) > len(filled)


def _is_wordy(cell: str) -> bool:
    if len(_UNSPACED.findall(cell[:1_000])) >= UNSPACED_WORDS:
        return True
    words = cell[:1_000].split()
    signs = "".join(words)
    # Dates and lists of numbers hold blanks, too.
    return len(words) > 1 and 2 * sum(map(str.isalpha, signs)) > len(signs) and not is_number(cell)


def _only(first: FirstRows, fitting: list[str], what: str, flag: str) -> str:
    if len(fitting) == 1:
        return fitting[0]
    shown = ", ".join(repr(printable(name[:80])) for name in fitting[:MOST_LISTED])
    count = (
        f"{len(fitting)} columns could be the {what} ({shown})"
        if fitting
        else f"no column looks like the {what}"
    )
    several = (
        f" With `{flag} {','.join(fitting[:MOST_LISTED])}` a row can have several labels."
        if what == "label" and fitting
        else ""
    )
    raise UserError(f"{count}. {_listed(first.header)} Choose one with {flag}.{several}")


def _listed(header: Sequence[str]) -> str:
    names = ", ".join(printable(name[:80]) for name in header[:MOST_LISTED])
    more = f" and {len(header) - MOST_LISTED:,} more" if len(header) > MOST_LISTED else ""
    return f"The columns are: {names}{more}."
