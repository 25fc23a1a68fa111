"""The command line of `python predict.py`, every default of which is written here, once, and the files it names."""

import dataclasses
import glob
import os
from collections.abc import Sequence
from typing import Literal

from headstart.cache.runtime.command_line import CommandLine
from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.option_files import ConfigSettings
from headstart.cache.runtime.options import option
from headstart.cache.runtime.output import OutputSettings
from headstart.extract.settings import ON_BAD_ROW, QUOTINGS, READING

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
WRITING = "writing labels"


@dataclasses.dataclass(frozen=True, kw_only=True)
class HeadSettings(OutputSettings):
    """Which head labels texts."""

    head: str = option("best", "a head, or the one with the lowest validation loss")
    backbone: str | None = option(
        None,
        "where the backbone lies; a model of the hub is downloaded only if it is named here (default: where "
        "stage one found it, on this machine)",
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelSettings(HeadSettings):
    """What labels texts: None, where the user has said nothing."""

    texts: list[str] = option(None, "texts to label", positional=True, nargs="*", metavar="TEXT")
    run: str = option(dataclasses.MISSING, "folder that bench.py wrote (default: none)")
    input: str | None = option(
        None,
        "file with a text in each row, of any format that stage one reads; - is standard input, a table or one "
        "text a line (default: the texts given)",
    )
    lines: bool | None = option(
        None,
        "standard input is one text a line, whatever it looks like (default: a table if its first line looks "
        "like a header)",
        group=READING,
    )
    text_column: str | None = option(None, "column with the text (default: guessed)", group=READING)
    encoding: str | None = option(
        None, "of text files, like cp1252 (default: UTF-8, or what a byte-order mark says)", group=READING
    )
    quoting: str | None = option(
        None, "of delimited text, as stage one has it (default: auto)", choices=QUOTINGS, group=READING
    )
    no_header: bool | None = option(
        None,
        "the first line of delimited text is a row; columns are called 1, 2, 3, ... (default: it names them)",
        group=READING,
    )
    on_bad_row: str | None = option(
        None,
        f"what to do with a row that cannot be read (default: {ON_BAD_ROW[0]})",
        choices=ON_BAD_ROW,
        group=READING,
    )
    output: str | None = option(
        None,
        f"file for the labels, in the input's order: {', '.join(ENDINGS)}; - is standard output (default: -)",
    )
    format: str | None = option(
        None, f"of standard output (default: {PRINTED[0]})", choices=PRINTED, group=WRITING
    )
    keep: str | None = option(
        None,
        "columns of the input to keep in the output, separated by commas (default: none)",
        group=WRITING,
        listed=True,
    )
    escape_formulas: bool | None = option(
        None,
        "in CSV and TSV, put an apostrophe before cells that a spreadsheet would run: those that begin with =, +, "
        "-, @ or a tab and are no numbers",
        group=WRITING,
    )
    flag_texts: bool | None = option(
        None,
        "add the columns empty (cleaning leaves nothing of the text) and truncated (only its beginning was read)",
        group=WRITING,
    )
    threshold: float | None = option(
        None,
        "probability above which a label is given; not for several classes (default: 0.5; where rows can have "
        "several labels, the run's, chosen on its validation rows)",
    )
    explain: bool = option(False, "show what each token adds: cls, max, avg, maxavg")
    html: str | None = option(
        None, "write what --explain shows to this page (default: the terminal)", group=WRITING
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExportSettings(HeadSettings):
    """What is exported, and where to."""

    run: str = option(
        dataclasses.MISSING, "folder that bench.py wrote, like results/CACHE", positional=True, metavar="RUN"
    )
    out: str = option(dataclasses.MISSING, "folder to make; must not exist", positional=True, metavar="OUT")
    arithmetic: Literal["float32", "recipe"] = option(
        "float32", "of the exported program: exact on every platform, or the recipe's own"
    )
    license: str | None = option(
        None, "licence that the model card names, like mit; the backbone's and the data's stay"
    )
    push: str | None = option(
        None,
        "upload the folder to this repository of the Hugging Face hub, private if it is new",
        metavar="OWNER/NAME",
    )


def command_lines(about: str) -> dict[str, CommandLine]:
    """The command lines of `predict.py` and of its subcommand.

    Args:
        about: What `predict.py` does.
    """
    return {
        "": CommandLine(
            "python predict.py",
            about,
            (LabelSettings, ConfigSettings),
            {"json": {"help": "print labels as JSON Lines on standard output"}},
            (
                "python predict.py --run results/NAME 'some text'",
                "python predict.py --run results/NAME --input texts.csv --output labels.csv",
                "python predict.py --run results/NAME --head avg --explain 'some text'",
            ),
        ),
        "export": CommandLine(
            "python predict.py export",
            "Write a head and its backbone to a folder that works without this project.",
            (ExportSettings, ConfigSettings),
            examples=(
                "python predict.py export results/NAME exported",
                "python predict.py export results/NAME exported --head avg",
                "python predict.py export results/NAME exported --license mit --push OWNER/NAME",
            ),
        ),
    }


def checked(options: LabelSettings) -> LabelSettings:
    """The arguments, if they go together, with every default.

    Raises:
        UserError: they do not.
    """
    check_arguments(options)
    return dataclasses.replace(
        options,
        format=options.format or PRINTED[options.json],
        on_bad_row=options.on_bad_row or ON_BAD_ROW[0],
        quoting=options.quoting or QUOTINGS[0],
    )


def check_arguments(options: LabelSettings) -> None:
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
    if options.json:
        _check_json(options)
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


def _check_input(options: LabelSettings) -> None:
    for flag in INPUT_OPTIONS:
        if getattr(options, flag) not in (None, False) and not options.input:
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


def _check_json(options: LabelSettings) -> None:
    for flag, value in (("explain", options.explain), ("output", options.output not in (None, STANDARD))):
        if value:
            raise UserError(f"--json prints labels on standard output; leave out --{flag}")
    if options.format == PRINTED[0]:
        raise UserError("--json prints JSON Lines; leave out --format csv")


def _is_text(options: LabelSettings) -> bool:
    """Whether the output is CSV or TSV."""
    if options.output in (None, STANDARD):
        return options.format != PRINTED[1] and not options.json
    return bool(options.output.lower().endswith((".csv", ".tsv")))


def _check_output(options: LabelSettings) -> None:
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


def keep_of(options: LabelSettings) -> tuple[str, ...]:
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
