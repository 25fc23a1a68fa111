"""What no cell may hold, whatever the format."""

from itertools import chain

MOST_CHARACTERS = 10_000_000  # of a cell
TOO_LONG = f"a cell is longer than 10 MB ({MOST_CHARACTERS:,} characters)"


def is_sound(rows: list[list[str]], width: int) -> bool:
    """Whether no row has a flaw; looks at all of them at once."""
    if not {*map(len, rows)} <= {width}:
        return False
    joined = "".join(map("".join, rows))
    if len(joined) > MOST_CHARACTERS and max(map(len, chain.from_iterable(rows))) > MOST_CHARACTERS:
        return False
    return "\0" not in joined and is_encodable(joined)


def flaw(cells: list[str], width: int, encoding: str) -> str | None:
    """What is wrong with a row; None if nothing is.

    Args:
        cells: of the row; bytes that are not of the encoding are lone surrogates.
        width: how many there should be.
        encoding: of the file.
    """
    if len(cells) != width:
        return f"it has {_cells(len(cells))}, the header has {width}"
    joined = "".join(cells)
    if "\0" in joined:
        return "it holds a NUL byte, which no text has"
    if max(map(len, cells), default=0) > MOST_CHARACTERS:
        return TOO_LONG
    return None if is_encodable(joined) else not_of(encoding)


def not_of(encoding: str) -> str:
    """Say that bytes are not of an encoding."""
    return (
        f"it is not {encoding.upper()}; if the file is in another encoding, name it, like `--encoding cp1252`"
    )


def is_encodable(text: str) -> bool:
    """Whether a text can be written as UTF-8, that is, holds no half of a surrogate pair."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count:,} cells"
