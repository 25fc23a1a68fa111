"""Names of a table's columns, and whether a first line is a header at all."""

from collections import Counter
from collections.abc import Sequence

from headstart.cache.runtime.errors import UserError
from headstart.extract.tables.bad_rows import is_encodable, not_of

TEXT_NAMES = ("comment_text", "text", "comment", "tweet", "sentence", "review", "content", "message", "body")


MOST_COLUMNS = 10_000


def check_header(file: str, names: Sequence[str] | None, encoding: str = "utf-8") -> list[str]:
    """Return the names of the columns of a delimited file.

    Raises:
        UserError: they are none, too many, not all different, or look like data.
    """
    if not names:
        raise UserError(f"{file} is empty; its first line must name the columns")
    checked = check_names(file, names)
    if not is_encodable("".join(names)):
        raise UserError(f"the first line of {file}: {not_of(encoding)}")
    if any("\0" in name for name in names):
        raise UserError(
            f"the first line of {file} holds a NUL byte: it is no text file, or in an encoding to be named, "
            "like `--encoding utf-16-le`"
        )
    if any(map(_is_number, names)):
        found = ", ".join(names)[:80]
        raise UserError(f"the first line of {file} looks like data ({found}); it must name the columns")
    return checked


def check_names(file: str, names: Sequence[str]) -> list[str]:
    """Return the names as a list.

    Raises:
        UserError: they are too many, or one occurs twice.
    """
    if len(names) > MOST_COLUMNS:
        raise UserError(
            f"{file} has {len(names):,} columns, at most {MOST_COLUMNS:,} can be read; keep those with text and label"
        )
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        raise UserError(f"{file} names the column {name[:80]!r} twice; rename one")
    return list(names)


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return name.strip().lower() not in ("nan", "inf", "infinity")
