"""The command line of `python predict.py`, every default of which is written here, once, and the files it names."""

import argparse
import glob
import os
from collections.abc import Sequence

from headstart.cache.runtime.command_line import CommandLineParser
from headstart.cache.runtime.errors import UserError
from headstart.extract.settings import ON_BAD_ROW, QUOTINGS

ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet")
STANDARD = "-"
"""Standard input or output."""
PRINTED = ("csv", "jsonl")
"""Formats of standard output."""
READ_OPTIONS = ("encoding", "quoting", "no_header")
"""How text files are read, see `TableFormat`."""
WRITE_OPTIONS = ("escape_formulas", "flag_texts")
"""What else the output holds, see `Columns`."""
INPUT_OPTIONS = ("keep", "lines", "text_column", "format", "on_bad_row", *READ_OPTIONS, *WRITE_OPTIONS)
ARITHMETICS = ("float32", "recipe")


def parse_arguments(arguments: Sequence[str] | None, description: str) -> argparse.Namespace:
    """Parse the command line that labels texts.

    Raises:
        UserError: the arguments do not go together.
    """
    parser = CommandLineParser(prog="python predict.py", description=description)
    add = parser.add_argument
    add("texts", nargs="*", metavar="TEXT", help="texts to label")
    _add_run(parser)
    add("--input", help="file with a text in each row, of any format that stage one reads; - is standard "
        "input, a table or one text a line (default: the texts given)")  # fmt: skip
    add("--lines", action="store_true", default=None,
        help="standard input is one text a line, whatever it looks like (default: a table if its first line "
        "looks like a header)")  # fmt: skip
    add("--text-column", help="column with the text (default: guessed)")
    add("--encoding", help="of text files, like cp1252 (default: UTF-8, or what a byte-order mark says)")
    add("--quoting", choices=QUOTINGS, help="of delimited text, as stage one has it (default: auto)")
    add("--no-header", action="store_true", default=None,
        help="the first line of delimited text is a row; columns are called 1, 2, 3, ... (default: it names "
        "them)")  # fmt: skip
    add("--output", help=f"file for the labels, in the input's order: {', '.join(ENDINGS)}; - is standard "
        "output (default: -)")  # fmt: skip
    add("--format", choices=PRINTED, help=f"of standard output (default: {PRINTED[0]})")
    add("--keep", help="columns of the input to keep in the output, separated by commas (default: none)")
    add("--escape-formulas", action="store_true", default=None,
        help="in CSV and TSV, put an apostrophe before cells that a spreadsheet would run: those that begin with "
        "=, +, -, @ or a tab and are no numbers (default: off)")  # fmt: skip
    add("--flag-texts", action="store_true", default=None,
        help="add the columns empty (cleaning leaves nothing of the text) and truncated (only its beginning was "
        "read) (default: off)")  # fmt: skip
    add("--on-bad-row", choices=ON_BAD_ROW,
        help=f"what to do with a row that cannot be read (default: {ON_BAD_ROW[0]})")  # fmt: skip
    add("--threshold", type=float, help="probability above which a label is given; not for several classes "
        "(default: 0.5; where rows can have several labels, the run's, chosen on its validation rows)")  # fmt: skip
    add("--explain", action="store_true",
        help="show what each token adds: cls, max, avg, maxavg (default: off)")  # fmt: skip
    add("--html", help="write what --explain shows to this page (default: the terminal)")
    options = parser.parse_args(arguments)
    check_arguments(options)
    options.format, options.on_bad_row = options.format or PRINTED[0], options.on_bad_row or ON_BAD_ROW[0]
    options.quoting = options.quoting or QUOTINGS[0]
    return options


def parse_export(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the command line that exports."""
    parser = CommandLineParser(
        prog="python predict.py export",
        description="Write a head and its backbone to a folder that works without this project.",
    )
    parser.add_argument("run", metavar="RUN", help="folder that bench.py wrote, like results/CACHE")
    parser.add_argument("out", metavar="OUT", help="folder to make; must not exist")
    _add_run(parser, named=False)
    parser.add_argument(
        "--arithmetic",
        choices=ARITHMETICS,
        default="float32",
        help="of the exported program: exact on every platform, or the recipe's own (default: %(default)s)",
    )
    return parser.parse_args(arguments)


def _add_run(parser: argparse.ArgumentParser, named: bool = True) -> None:
    if named:
        parser.add_argument("--run", required=True, help="folder that bench.py wrote (default: none)")
    parser.add_argument(
        "--head",
        default="best",
        help="a head, or the one with the lowest validation loss (default: %(default)s)",
    )
    parser.add_argument(
        "--backbone",
        help="where the backbone lies; a model of the hub is downloaded only if it is named here (default: where "
        "stage one found it, on this machine)",
    )


def check_arguments(options: argparse.Namespace) -> None:
    """Check that the arguments go together, before anything slow begins.

    Raises:
        UserError: they do not.
    """
    if bool(options.texts) == bool(options.input):
        raise UserError("give either texts or --input FILE; like: python predict.py --run RUN 'some text'")
    if options.html and not options.explain:
        raise UserError("--html is the page of --explain; add --explain")
    if options.explain and options.input:
        raise UserError("--explain shows texts of the command line, not files")
    _check_input(options)
    if options.threshold is not None and not 0 <= options.threshold < 1:
        raise UserError(f"--threshold {options.threshold} is not at least 0 and below 1")
    _check_output(options)
    if options.html:
        _check_folder(options.html, "--html")


def require_explained(head: str, can: Sequence[str]) -> None:
    """Check that a head's score splits over tokens.

    Raises:
        UserError: it does not.
    """
    if head not in can:
        raise UserError(
            f"the score of {head!r} does not split over tokens; --explain works for {', '.join(can)}"
        )


def _check_input(options: argparse.Namespace) -> None:
    for flag in INPUT_OPTIONS:
        if getattr(options, flag) is not None and not options.input:
            raise UserError(
                f"--{flag.replace('_', '-')} goes with --input, not with texts of the command line"
            )
    if options.format and options.output not in (None, STANDARD):
        raise UserError(
            f"--format is of standard output; the ending of --output {options.output} says its own"
        )
    if options.escape_formulas and not _is_text(options):
        raise UserError("--escape-formulas is of .csv and .tsv; no spreadsheet runs what the others hold")
    if options.lines and (options.input != STANDARD or options.text_column):
        raise UserError("--lines goes with --input -, and without --text-column: each line is a text")


def _is_text(options: argparse.Namespace) -> bool:
    """Whether the output is CSV or TSV."""
    if options.output in (None, STANDARD):
        return options.format in (None, PRINTED[0])
    return bool(options.output.lower().endswith((".csv", ".tsv")))


def _check_output(options: argparse.Namespace) -> None:
    output = options.output
    if output in (None, STANDARD):
        return
    if not options.input:
        raise UserError("--output goes with --input; like: --input texts.csv --output labels.csv")
    if not output.lower().endswith(ENDINGS):
        raise UserError(f"--output {output} has none of the endings {', '.join(ENDINGS)}")
    _check_folder(output, "--output")
    if os.path.isdir(output):
        raise UserError(f"--output {output} is a folder; name a file")
    if is_among(output, files_of(options.input)):
        raise UserError(f"--output {output} is part of the input {options.input}; name another file")


def _check_folder(path: str, flag: str) -> None:
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise UserError(f"{flag} {path}: there is no folder {folder}; make it first")


def keep_of(options: argparse.Namespace) -> tuple[str, ...]:
    """Columns of the input to keep in the output."""
    return tuple(name.strip() for name in (options.keep or "").split(",") if name.strip())


def files_of(data: str) -> list[str]:
    """Files that a name or pattern means; none for standard input or a data set elsewhere."""
    if os.path.exists(data):
        return [data]
    return sorted(path for path in glob.glob(data, recursive=True) if os.path.isfile(path))


def is_among(path: str, files: list[str]) -> bool:
    """Whether a path means one of the files, whatever it is called."""
    return os.path.exists(path) and any(os.path.samefile(path, file) for file in files)


def stamp(data: str) -> list[tuple[str, int, int]] | None:
    """Name, size and time of change of each file, which show whether it is still the same; None for no files."""
    stats = [(os.path.abspath(path), os.stat(path)) for path in files_of(data)]
    return [(path, stat.st_size, stat.st_mtime_ns) for path, stat in stats] or None
