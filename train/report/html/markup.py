"""Pieces of HTML; whatever comes from data goes through `text`."""

import html
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

NOTHING = "\u2013"  # a dash
HARMLESS = {"\n", "\t"}


def text(value: Any) -> str:
    """Escaped text; control and format characters, which could reorder or hide what follows, become U+FFFD."""
    shown = "".join(
        "\ufffd" if unicodedata.category(letter) in ("Cc", "Cf", "Cs") and letter not in HARMLESS else letter
        for letter in str(value)
    )
    return html.escape(shown, quote=True)


class TableCell(NamedTuple):
    """A cell of a table.

    Attributes:
        shown: HTML.
        value: What the column is sorted by; None comes last.
        kind: A class of the style sheet.
    """

    shown: str
    value: float | int | str | None = None
    kind: str = "number"


def number(value: float | int | None, digits: int = 4, scale: float | int = 1) -> TableCell:
    """A number, or a dash where there is none."""
    return TableCell(NOTHING if value is None else f"{scale * value:z,.{digits}f}", value)


def word(value: Any, kind: str = "word") -> TableCell:
    """A word that comes from data."""
    return TableCell(text(value), str(value), kind)


def table(
    caption: str,
    header: Sequence[str],
    rows: Iterable[Sequence[TableCell]],
    sortable: bool = False,
    marks: Sequence[str] = (),
) -> str:
    """A table whose first column names the rows, in a container that scrolls by itself.

    Args:
        caption: HTML.
        header: Names of the columns, plain text.
        rows: Their cells.
        sortable: Whether a click on a column's name sorts.
        marks: A class of the style sheet for each row.
    """
    names = "".join(_name(name, sortable) for name in header)
    lines = [_row(row, mark) for row, mark in zip(rows, marks or iter(lambda: "", None), strict=False)]
    kind = ' class="sortable"' if sortable else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{text(_plain(caption))}"><table{kind}>'
        f"<caption>{caption}</caption><thead><tr>{names}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def section(name: str, title: str, *parts: str) -> str:
    """A part of the page with a heading of its own; empty without content."""
    body = "".join(parts)
    return f'<section id="{name}"><h2>{text(title)}</h2>{body}</section>' if body else ""


def folded(summary: str, body: str) -> str:
    """A part that a reader opens by its summary, plain text."""
    return f"<details><summary>{text(summary)}</summary>{body}</details>" if body else ""


def paragraph(words: str, kind: str = "") -> str:
    """A paragraph of plain text."""
    return f'<p class="{kind}">{text(words)}</p>' if kind else f"<p>{text(words)}</p>"


def _name(name: str, sortable: bool) -> str:
    inner = f'<button type="button">{text(name)}</button>' if sortable else text(name)
    return f'<th scope="col"{" aria-sort=" + chr(34) + "none" + chr(34) if sortable else ""}>{inner}</th>'


def _row(cells: Sequence[TableCell], mark: str) -> str:
    first, *rest = cells
    marked = f' class="{mark}"' if mark else ""
    return f"<tr{marked}>{_cell(first, 'th', ' scope=' + chr(34) + 'row' + chr(34))}{''.join(map(_cell, rest))}</tr>"


def _cell(cell: TableCell, tag: str = "td", more: str = "") -> str:
    value = "" if cell.value is None else f' data-value="{text(cell.value)}"'
    return f'<{tag}{more} class="{cell.kind}"{value}>{cell.shown}</{tag}>'


def _plain(caption: str) -> str:
    return html.unescape(caption.split("<")[0])
