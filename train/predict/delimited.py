"""Rows as text with a delimiter: every reader finds as many rows, and spreadsheets no formulas if asked."""

import json
import re
from collections.abc import Iterable, Sequence

from headstart.train.predict.answers import SEPARATOR

STARTS = r"=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20"  # the last four are the wide ones of Chinese and Japanese
_FORMULA = re.compile(f"[{STARTS}]")
_NUMBER = re.compile(r"[+-]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]inf")


def lines(rows: Iterable[Sequence[str]], delimiter: str) -> bytes:
    """Rows as UTF-8; a cell with a quote, a delimiter or any line end stands in quotes."""
    special = re.compile(f'[\r\n"{delimiter}]')

    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"' if special.search(cell) else cell

    text = "".join(f"{delimiter.join(map(quoted, row))}\n" for row in rows)
    return text.encode("utf-8", "backslashreplace")


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet may run a cell: it begins like a formula and is no number."""
    return _FORMULA.match(cell) is not None and not _NUMBER.fullmatch(cell)


def as_text(cell: str) -> str:
    """A cell that no spreadsheet runs: an apostrophe goes before what begins like a formula."""
    return f"'{cell}" if is_formula(cell) else cell


def joined(labels: Sequence[str], classes: Sequence[str]) -> str:
    """The labels of a row as one cell: joined by `|`, or a JSON list in each row if that could be read in two ways.

    Args:
        labels: Names of the row's classes.
        classes: Names of all classes: one may hold a `|`, be empty, or look like a list itself.
    """
    doubtful = any(not name or SEPARATOR in name or name.startswith("[") for name in classes)
    return json.dumps(labels, ensure_ascii=False) if doubtful else SEPARATOR.join(labels)
