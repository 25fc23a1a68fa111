"""What a user can ask of `python predict.py`; every default is written here, once."""

import argparse
import os
from collections.abc import Sequence

from cache.errors import UserError

ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet")
STANDARD = "-"  # input or output
PRINTED = ("csv", "jsonl")
ARITHMETICS = ("float32", "recipe")


def parse_arguments(arguments: Sequence[str] | None, description: str) -> argparse.Namespace:
    """Parse the command line that labels texts."""
    parser = argparse.ArgumentParser(prog="python predict.py", description=description, allow_abbrev=False)
    add = parser.add_argument
    add("texts", nargs="*", metavar="TEXT", help="texts to label")
    _add_run(parser)
    add("--input", help="file with a text in each row, of any format that stage one reads; - is standard "
        "input, a table or one text a line (default: the texts given)")  # fmt: skip
    add("--text-column", help="column with the text (default: guessed)")
    add("--output", help=f"file for the labels, in the input's order: {', '.join(ENDINGS)}; - is standard "
        "output (default: -)")  # fmt: skip
    add("--format", choices=PRINTED, default="csv", help="of standard output (default: %(default)s)")
    add("--keep", help="columns of the input to keep in the output, separated by commas (default: none)")
    add("--on-bad-row", choices=("error", "skip", "report"), default="error",
        help="what to do with a row that cannot be read (default: %(default)s)")  # fmt: skip
    add("--threshold", type=float, help="probability above which a label is given; not for several classes "
        "(default: 0.5; where rows can have several labels, the run's, chosen on its validation rows)")  # fmt: skip
    add("--explain", action="store_true",
        help="show what each token adds: cls, max, avg, maxavg (default: off)")  # fmt: skip
    add("--html", help="write what --explain shows to this page (default: the terminal)")
    return parser.parse_args(arguments)


def parse_export(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the command line that exports."""
    parser = argparse.ArgumentParser(
        prog="python predict.py export",
        description="Write a head and its backbone to a folder that works without this project.",
        allow_abbrev=False,
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
    parser.add_argument("--backbone", help="where the backbone lies (default: where stage one found it)")


def check_arguments(wanted: argparse.Namespace) -> None:
    """Check that the arguments go together, before anything slow begins.

    Raises:
        UserError: they do not.
    """
    if bool(wanted.texts) == bool(wanted.input):
        raise UserError("give either texts or --input FILE; like: python predict.py --run RUN 'some text'")
    if wanted.html and not wanted.explain:
        raise UserError("--html is the page of --explain; add --explain")
    if wanted.explain and wanted.input:
        raise UserError("--explain shows texts of the command line, not files")
    if wanted.keep and not wanted.input:
        raise UserError("--keep keeps columns of --input; texts of the command line have none")
    if wanted.threshold is not None and not 0 <= wanted.threshold < 1:
        raise UserError(f"--threshold {wanted.threshold} is not at least 0 and below 1")
    _check_output(wanted)
    if wanted.html:
        _check_folder(wanted.html, "--html")


def _check_output(wanted: argparse.Namespace) -> None:
    output = wanted.output
    if output in (None, STANDARD):
        return
    if not wanted.input:
        raise UserError("--output goes with --input; like: --input texts.csv --output labels.csv")
    if not output.lower().endswith(ENDINGS):
        raise UserError(f"--output {output} has none of the endings {', '.join(ENDINGS)}")
    _check_folder(output, "--output")
    if os.path.isdir(output):
        raise UserError(f"--output {output} is a folder; name a file")
    if os.path.exists(output) and os.path.exists(wanted.input) and os.path.samefile(output, wanted.input):
        raise UserError(f"--output {output} is the input; name another file")


def _check_folder(path: str, flag: str) -> None:
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise UserError(f"{flag} {path}: there is no folder {folder}; make it first")
