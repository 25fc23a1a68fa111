"""Read a delimited text file into a table of strings; every row has as many cells as the header."""

import csv
import gzip
import io
import os
import sys
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pandas as pd

from cache.errors import UserError

DELIMITERS = {".csv": ",", ".tsv": "\t"}
COMPRESSIONS = (".gz", ".zip")


def read_table(path: str) -> pd.DataFrame:
    """Read a file; no cell such as `NA` or `null` is taken for a missing one.

    Raises:
        UserError: the file is not there, or not a table; the message names the row.
    """
    delimiter = _delimiter(path)
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        with _opened(path) as file:
            rows = csv.reader(file, delimiter=delimiter, strict=True)
            header = _header(path, next(rows, None))
            return pd.DataFrame(_checked(path, rows, len(header)), columns=header, dtype=str)
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 ({error.reason}); save it as UTF-8") from None
    except csv.Error as error:
        raise UserError(
            f"{path} is not {delimiter!r}-separated text near line {rows.line_num}: {error}"
        ) from None
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} cannot be read: {error}") from None


def stem(path: str) -> str:
    """A file's name without folders and endings."""
    name = os.path.basename(path)
    for ending in (*COMPRESSIONS, *DELIMITERS):
        name = name.removesuffix(ending)
    return name


def _delimiter(path: str) -> str:
    if not os.path.exists(path):
        raise UserError(f"there is no file {path}")
    if not os.path.isfile(path):
        raise UserError(f"{path} is not a file")
    base, ending = os.path.splitext(path)
    if ending.lower() in COMPRESSIONS:
        ending = os.path.splitext(base)[1]
    if ending.lower() not in DELIMITERS:
        known = ", ".join(DELIMITERS)
        raise UserError(
            f"{path} has the ending {ending or 'none'}; what can be read: {known}, also as .gz or .zip"
        )
    return DELIMITERS[ending.lower()]


@contextmanager
def _opened(path: str) -> Iterator[io.TextIOWrapper]:
    """Open a file as text; a byte-order mark is no part of the first name."""
    with ExitStack() as stack:
        binary = stack.enter_context(_binary(path, stack))
        yield stack.enter_context(io.TextIOWrapper(binary, encoding="utf-8-sig", newline=""))


def _binary(path: str, stack: ExitStack) -> io.BufferedReader:
    if path.lower().endswith(".gz"):
        return io.BufferedReader(gzip.GzipFile(path))
    if not path.lower().endswith(".zip"):
        return io.BufferedReader(io.FileIO(path))
    archive = stack.enter_context(zipfile.ZipFile(path))
    names = [name for name in archive.namelist() if not name.endswith("/")]
    if len(names) != 1:
        raise UserError(f"{path} holds {len(names)} files; one is wanted")
    return io.BufferedReader(archive.open(names[0]))  # type: ignore[arg-type]  # typeshed calls it IO[bytes]


def _header(path: str, names: list[str] | None) -> list[str]:
    if not names:
        raise UserError(f"{path} is empty; its first line must name the columns")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"{path} names the column {twice[0]!r} twice; rename one")
    if any(name.strip() in ("0", "1") for name in names):
        raise UserError(
            f"the first line of {path} looks like data ({', '.join(names)[:80]}); it must name the columns"
        )
    return names


def _checked(path: str, rows: Iterator[list[str]], width: int) -> list[list[str]]:
    """Collect rows, leaving out blank lines; a row of another width would shift text into labels."""
    kept = [row for row in rows if row]
    for number, row in enumerate(kept, start=1):
        if len(row) != width:
            raise UserError(f"{path} has {len(row)} cells in data row {number}, its header has {width}")
        if any("\0" in cell for cell in row):
            raise UserError(f"{path} holds a NUL byte in data row {number}; it is no text file")
    return kept
