"""A head on its encoder labels the rows of a file, or of standard input."""

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.progress import TerminalReporter
from headstart.extract.predict.options import READ_OPTIONS, STANDARD, WRITE_OPTIONS, LabelSettings, keep_of

if TYPE_CHECKING:  # at run time these are imported once the arguments are known to be sound
    from headstart.extract.predict.encoder import Encoder
    from headstart.extract.predict.scorer import ScoringProgram
    from headstart.extract.text.tokenizer import Tokens
    from headstart.train.predict.answers import Answer
    from headstart.train.predict.stream import Labelling
    from headstart.train.predict.target import Target
    from headstart.train.predict.trained_head import Trained


class Loaded(NamedTuple):
    """A head on its backbone."""

    head: "Trained"
    encoder: "Encoder"
    scorer: "ScoringProgram"

    def answer(self, tokens: "Tokens") -> "Answer":
        """Answers for some rows, in order."""
        answer: Answer = self.encoder.score(self.scorer, tokens)
        return answer


REPORTER = TerminalReporter(apart=True)
"""Writes for a person, not for a program that reads the labels."""
log = REPORTER.log


def label_file(options: LabelSettings, loaded: Loaded, threshold: float | list[float]) -> None:
    """Label every row of the input, in its order.

    Raises:
        UserError: the input cannot be read, or the output cannot be written.
    """
    from headstart.extract.predict.chunks import part_of, parts
    from headstart.extract.predict.kept import with_kept
    from headstart.extract.predict.progress import StreamProgress
    from headstart.extract.predict.source import read_input
    from headstart.train.predict.stream import label_stream

    labelling, rows = labelling_of(options, loaded, threshold), part_of(loaded.head.block_rows)
    progress = StreamProgress(options.input or STANDARD, options.on_bad_row == "report", reporter_of(options))
    target = open_target(options, sys.stdout, head=loaded.head.identity, threshold=threshold, rows=rows)
    if target.done:
        log(f"going on behind the first {target.done:,} parts of {rows:,} rows")
    try:
        with reporter_of(options).phase("compiling, and labelling the first rows"):
            chunks = with_kept(read_input(options, rows, log), labelling.keep)
            counts = label_stream(parts(chunks, rows), labelling, target, progress)
    except BaseException as error:
        target.leave(useless=isinstance(error, UserError))
        raise
    log(f"{counts}: {options.output or 'standard output'}")
    if counts.formulas:
        cells = "1 cell begins" if counts.formulas == 1 else f"{counts.formulas:,} cells begin"
        log(
            f"{cells} with =, +, -, @ or a tab, as formulas do, which spreadsheets run: "
            "--escape-formulas puts an apostrophe before them"
        )


def reporter_of(options: LabelSettings) -> TerminalReporter:
    """What shows how far the labelling of a file is: nothing moves on a terminal that the labels go to."""
    printed = options.output in (None, STANDARD) and sys.stdout.isatty()
    return TerminalReporter(apart=True, still=True) if printed else REPORTER


def open_target(options: LabelSettings, stdout: Any, **depends: Any) -> "Target":
    """Open where the labels go.

    Args:
        options: The command line.
        stdout: Standard output.
        depends: Whatever else the labels depend on, as JSON can hold it.

    Raises:
        UserError: it cannot be written.
    """
    from headstart.extract.predict.options import stamp
    from headstart.train.predict.formats import FORMATS
    from headstart.train.predict.target import ToFile, ToStream, identity_of

    if options.output in (None, STANDARD):
        return ToStream(stdout.buffer, FORMATS[f".{options.format}"])
    flags = {name: getattr(options, name) for name in ("text_column", "keep", "on_bad_row")}
    # Left out where they are as they always were: an interrupted output of before goes on.
    others = {name: getattr(options, name) for name in (*READ_OPTIONS, *WRITE_OPTIONS)}
    flags |= {name: value for name, value in others.items() if value not in (None, False, "auto")}
    try:
        return ToFile(options.output, identity_of(stamp(options.input or STANDARD), **depends, **flags))
    except OSError as error:
        raise UserError(f"{options.output} cannot be written ({error.strerror})") from None


def labelling_of(options: LabelSettings, loaded: Loaded, threshold: float | list[float]) -> "Labelling":
    """How rows are labelled."""
    from headstart.extract.predict.kept import TEXT
    from headstart.train.predict.stream import Labelling

    task, encoder = loaded.head.task, loaded.encoder
    labelling = Labelling(task, threshold, lambda _: TEXT, encoder.tokenize, loaded.answer, keep_of(options))
    return labelling._replace(
        flags_of=encoder.flags_of,
        flagged=bool(options.flag_texts),
        escaped=bool(options.escape_formulas),
        ahead=encoder.cleans_anywhere,
    )
