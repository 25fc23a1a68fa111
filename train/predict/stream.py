"""Label a stream of chunks in their order, holding two of them at most."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.text import did_you_mean
from headstart.cache.task import Task
from headstart.train.feeds.prefetch import prefetch
from headstart.train.predict.answers import Answer, chosen, labels_of
from headstart.train.predict.formats import Columns, LabelledRows, nothing
from headstart.train.predict.target import Target

Answers = Callable[[Any], Answer]
SAID = ("empty after cleaning", "cut at the maximum length")
"""What is said of texts for which a flag of `formats.FLAGS` holds."""


class Labelling(NamedTuple):
    """How rows are labelled.

    Attributes:
        task: What is told apart.
        threshold: Threshold of class 1, or of each label.
        text_of: Names the text column of a table.
        prepare: Makes tokens of texts; runs beside `answer`.
        answer: Computes answers from tokens, in order.
        keep: Columns of the input to keep.
        flags_of: Tells from tokens, of each of `formats.FLAGS`, for which rows it holds.
        flagged: Whether the output says so, see `Columns`.
        escaped: Likewise whether it holds nothing that a spreadsheet would run.
        ahead: Whether another thread may prepare.
    """

    task: Task
    threshold: float | list[float]
    text_of: Callable[[Any], Any]
    prepare: Callable[[Sequence[str]], Any]
    answer: Answers
    keep: tuple[str, ...] = ()
    flags_of: Callable[[Any], list[Any] | None] = lambda tokens: None
    flagged: bool = False
    escaped: bool = False
    ahead: bool = True

    @property
    def columns(self) -> Columns:
        """Columns of the output."""
        return Columns(self.keep, self.task.classes, self.task.several, self.flagged, self.escaped)


class Counts(NamedTuple):
    """Rows of a stream.

    Attributes:
        labelled: Rows with an answer.
        empty: Those of them of whose text cleaning leaves no token.
        bad: Rows that are left out.
        truncated: Rows with an answer to the beginning of their text.
        formulas: Cells that a spreadsheet may run.
    """

    labelled: int = 0
    empty: int = 0
    bad: int = 0
    truncated: int = 0
    formulas: int = 0

    def __str__(self) -> str:
        left = f", {self.bad:,} left out" if self.bad else ""
        texts = zip((self.empty, self.truncated), SAID, strict=True)
        said = ", ".join(f"{count:,} {what}" for count, what in texts if count)
        return f"{self.labelled + self.bad:,} rows in, {self.labelled:,} labelled{f' ({said})' * bool(said)}{left}"


def remarks_on(flags: Sequence[Any]) -> Iterator[str]:
    """Say which texts are empty, and which are cut; they count from 1.

    Args:
        flags: Of each of `formats.FLAGS`, whether it holds for each text.
    """
    for flag, what in zip(flags, SAID, strict=True):
        for row in np.flatnonzero(flag):
            yield f"text {row + 1:,} is {what}"


def label_stream(
    chunks: Iterable[Any], labelling: Labelling, target: Target, on_chunk: Callable[[Any, bool], None]
) -> Counts:
    """Label every row; chunks that the target has already are only counted.

    Args:
        chunks: Each with a `table` of strings and the rows that are left out, `bad`.
        labelling: How to label them.
        target: Where the labels go.
        on_chunk: Gets each chunk, and whether it was new.

    Raises:
        UserError: a chunk cannot be read, or lacks a column.
    """
    labelled = bad = 0
    prepared: Callable[..., Iterator[_Prepared]] = prefetch if labelling.ahead else _one_by_one
    for chunk, new, tokens in prepared(_numbered(chunks, target.done), _prepared(labelling)):
        if new:
            target.write(labelling.columns, _labelled(labelling, chunk.table, tokens))
        labelled, bad = labelled + len(chunk.table), bad + len(chunk.bad)
        on_chunk(chunk, new)
    target.finish(labelling.columns)
    empty, truncated, formulas = target.remarks
    return Counts(labelled, empty, bad, truncated, formulas)


def label_alone(texts: Sequence[str], labelling: Labelling, target: Target) -> None:
    """Label texts that are in no table; the output has them as its column `text`."""
    chunk = _Texts(pd.DataFrame({"text": list(texts)}, dtype="str"))
    alone = labelling._replace(text_of=lambda table: "text", keep=("text",))
    label_stream([chunk], alone, target, lambda chunk, new: None)


class _Texts(NamedTuple):
    table: Any
    bad: tuple[()] = ()


def _one_by_one(items: Iterable[Any], prepare: Callable[[Any], "_Prepared"]) -> Iterator["_Prepared"]:
    return map(prepare, items)


class _Prepared(NamedTuple):
    chunk: Any
    new: bool
    tokens: Any


def _numbered(chunks: Iterable[Any], done: int) -> Iterator[tuple[Any, bool]]:
    """Chunks, and whether each is new."""
    return ((chunk, number >= done) for number, chunk in enumerate(chunks))


def _prepared(labelling: Labelling) -> Callable[[tuple[Any, bool]], _Prepared]:
    """Clean and tokenise a chunk, unless it is done already or holds no rows."""

    def prepare(numbered: tuple[Any, bool]) -> _Prepared:
        chunk, new = numbered
        texts = _texts(labelling, chunk.table)
        return _Prepared(chunk, new, labelling.prepare(texts) if new and texts else None)

    return prepare


def _texts(labelling: Labelling, table: Any) -> list[str]:
    if not len(table):
        return []
    if missing := [name for name in labelling.keep if name not in table.columns]:
        listed = ", ".join(map(str, table.columns))
        question = did_you_mean(missing[0], map(str, table.columns))
        raise UserError(f"--keep {missing[0]}: there is no such column; {question}the columns are: {listed}.")
    return list(table[labelling.text_of(table)])


def _labelled(labelling: Labelling, table: Any, tokens: Any) -> LabelledRows:
    if tokens is None:
        return nothing(labelling.columns)
    kept = [table[name] for name in labelling.keep]
    probabilities = np.asarray(labelling.answer(tokens).probabilities)
    picked = chosen(labelling.task, probabilities, labelling.threshold)
    rows = table.index.to_numpy().astype(np.int64) + 1
    labels = labels_of(labelling.task, picked)
    return LabelledRows(rows, kept, labels, probabilities, labelling.flags_of(tokens))
