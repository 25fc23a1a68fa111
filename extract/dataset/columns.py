"""Which column holds the text and which the label."""

import pandas as pd

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.text import did_you_mean
from headstart.extract.dataset.class_names import spelling
from headstart.extract.dataset.label_lists import are_lists

TEXT_NAMES = ("comment_text", "text", "comment", "tweet", "sentence", "review", "content", "message", "body")
LABEL_NAMES = ("toxic", "label", "labels", "target", "class", "y")


def choose_columns(table: pd.DataFrame, text: str | None, label: str | None) -> tuple[str, list[str]]:
    """Return the names of the text and the label columns: as given, else guessed where only one fits.

    Args:
        table: Rows of strings.
        text: Name of the text column, or None.
        label: Name of the label column, names of several separated by commas, or None.

    Raises:
        UserError: a named column is not there, or none or several would fit.
    """
    text = choose_text(table, text)
    labels = _labels(table, label) or [_guess_label(table, text)]
    if text in labels:
        raise UserError(f"the column {text!r} cannot be both text and label. {_listed(table)}")
    return text, labels


def choose_text(table: pd.DataFrame, text: str | None) -> str:
    """Return the name of the text column: as given, else guessed where only one fits.

    Raises:
        UserError: it is not there, or none or several would fit.
    """
    return _named(table, text, "--text-column") or _guess_text(table)


def _labels(table: pd.DataFrame, label: str | None) -> list[str]:
    """The named label columns; none if the user named none."""
    if label is None:
        return []
    names = [label] if label in table.columns else [name.strip() for name in label.split(",")]
    columns = [_named(table, name, "--label-column") for name in names]
    return [name for name in columns if name is not None]


def is_binary(column: "pd.Series[str]") -> bool:
    """Whether a column of strings holds nothing but 0 and 1, however written."""
    return {*map(spelling, column.str.strip().unique())} <= {"0", "1"}


def check_column(table: pd.DataFrame, name: str) -> None:
    """Refuse a further column that is not there.

    Raises:
        UserError: that lists the columns.
    """
    _named(table, name, "its own flag")


def _named(table: pd.DataFrame, name: str | None, flag: str) -> str | None:
    if name is None or name in table.columns:
        return name
    question = did_you_mean(name, map(str, table.columns))
    hint = f"; {question}" if question else ". "
    raise UserError(f"there is no column {name!r}{hint}{_listed(table)} Choose one with {flag}.")


def _guess_text(table: pd.DataFrame) -> str:
    wordy = [name for name in table.columns if _is_wordy(table[name]) and not are_lists(table[name].tolist())]
    wordy = wordy or [name for name in table.columns if str(name).lower() in TEXT_NAMES]
    return _only(table, wordy, TEXT_NAMES, "text", "--text-column")


def _guess_label(table: pd.DataFrame, text: str) -> str:
    rest = [name for name in table.columns if name != text]
    binary = [name for name in rest if is_binary(table[name])]
    binary = binary or [name for name in rest if are_lists(table[name].tolist())]
    # With nothing but the text and one more column, that column is the label, whatever it holds:
    # the label check then names the first row that does not fit.
    return _only(table, binary or (rest if len(rest) == 1 else []), LABEL_NAMES, "label", "--label-column")


class TextColumn:
    """The text column of a file that comes in chunks: what the first rows say holds for all.

    Args:
        name: The user's choice; None guesses it.
    """

    def __init__(self, name: str | None) -> None:
        self._name = name

    def __call__(self, table: pd.DataFrame) -> str:
        """Its name; raises UserError where the first rows leave it open, or later ones lack it."""
        self._name = choose_text(table, self._name)
        return self._name


def _is_wordy(column: "pd.Series[str]") -> bool:
    """Whether most filled cells hold several words."""
    filled = column[column.str.strip() != ""]
    return bool(len(filled)) and bool(filled.str.strip().str.contains(r"\s").mean() > 0.5)


def _only(table: pd.DataFrame, fitting: list[str], known: tuple[str, ...], what: str, flag: str) -> str:
    by_name = [name for name in fitting if str(name).lower() in known]
    if len(fitting) == 1:
        return fitting[0]
    if len(by_name) == 1 and what == "text":
        return by_name[0]
    count = f"{len(fitting)} columns could be the {what}" if fitting else f"no column looks like the {what}"
    several = (
        f" With `{flag} {','.join(fitting)}` a row can have several labels."
        if what == "label" and fitting
        else ""
    )
    raise UserError(f"{count}. {_listed(table)} Choose one with {flag}.{several}")


def _listed(table: pd.DataFrame) -> str:
    return f"The columns are: {', '.join(map(str, table.columns))}."
