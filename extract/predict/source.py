"""The rows of `predict.py`'s input: a file, a table or lines of standard input."""

import sys
from collections.abc import Iterator

from headstart.extract.dataset.columns import TextChoice
from headstart.extract.predict.chunks import read_lines, standard_input_holds_lines
from headstart.extract.predict.options import STANDARD, LabelSettings, keep_of
from headstart.extract.settings import ON_BAD_ROW, QUOTINGS, TableFormat
from headstart.extract.tables.batch import Say
from headstart.extract.tables.reader import TableChunk, read_chunks


def read_input(options: LabelSettings, rows: int, say: Say) -> Iterator[TableChunk]:
    """Read the input in chunks of so many rows at most: the text, and the columns to keep.

    Args:
        options: The command line.
        rows: Most rows of a chunk.
        say: Takes a line for the user.

    Raises:
        UserError: it cannot be read, or its text column is open.
    """
    on_bad_row = options.on_bad_row or ON_BAD_ROW[0]
    if options.input == STANDARD and _are_lines(options, say):
        return read_lines(sys.stdin.buffer, rows, on_bad_row)
    table_format = TableFormat(options.encoding, options.quoting or QUOTINGS[0], bool(options.no_header))
    choice = TextChoice(options.text_column, keep_of(options))
    return read_chunks(options.input or STANDARD, on_bad_row, rows, table_format, choice, say)


def _are_lines(options: LabelSettings, say: Say) -> bool:
    """Whether standard input is one text a line, which is said."""
    as_table = options.text_column or options.no_header
    lines = bool(options.lines or (not as_table and standard_input_holds_lines()))
    say(f"standard input: {'one text a line' if lines else 'a table, by its first line (--lines: texts)'}")
    return lines
