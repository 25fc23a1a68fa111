"""From a process's texts to token ids: cleaned in other processes, tokenised as they come."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Int

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.text import printable
from headstart.extract.pipeline.job import ExtractJob, RunContext
from headstart.extract.text.cleaning import cleaned
from headstart.extract.text.lost_letters import describe_damaged
from headstart.extract.text.pretrained import FastTokenizer, load_tokenizer
from headstart.extract.text.texts import Texts
from headstart.extract.text.tokenizer import Tokens, check_ids, tokenize

Loaded = TypeVar("Loaded")


def read_tokens(run: RunContext, chunks: Iterator[list[str]], count: int) -> Tokens:
    """Tokenise so many texts as they come from cleaning.

    Raises:
        UserError: the tokenizer does not fit the backbone or the layout.
    """
    job = run.job
    loaded = load_tokenizer(job.checkpoint.folder, job.recipe.max_length)
    tokenizer = loaded.within(job.architecture.vocab_size)
    for line in describe_tokenizer(job, tokenizer):
        run.reporter.log(line)
    run.reporter.start("cleaning", count, "rows")
    with run.clock.measure("tokenize"):
        tokens = tokenize(tokenizer, _awaited(run, chunks))
    run.clock.seconds["tokenize"] -= run.clock.seconds["clean"]
    check_ids(tokens, job.checkpoint.name, job.architecture.vocab_size)
    return tokens


def tokenize_while_loading(
    run: RunContext, rows: Int[np.ndarray, " r"], load: Callable[[ThreadPoolExecutor], Future[Loaded]]
) -> tuple[Tokens, Loaded, int]:
    """Clean and tokenise some rows, while a thread loads something, which may end it.

    Args:
        run: The run.
        rows: Positions of the rows among all, ascending.
        load: Called once other processes clean; starts the thread.

    Returns:
        Tokens of the rows, what was loaded, and how many texts lost letters, see `CleanedTexts`.
    """
    job = run.job
    texts = texts_of(job.dataset.texts, rows)
    cleaning = cleaned(texts, job.settings.workers, job.cleaning, run.reporter.log)
    with cleaning as chunks, ThreadPoolExecutor(1) as thread:
        loading = load(thread)
        counted = DamageCount(unless_failed(loading, chunks))
        tokens = read_tokens(run, iter(counted), len(texts))
        return tokens, loading.result(), counted.damaged


def texts_of(texts: Sequence[str], rows: Int[np.ndarray, " r"]) -> Sequence[str]:
    """The texts of some rows."""
    if len(rows) == len(texts):
        return texts
    return texts.take(rows) if isinstance(texts, Texts) else [texts[row] for row in rows.tolist()]


def describe_tokenizer(job: ExtractJob, tokenizer: FastTokenizer) -> Iterator[str]:
    """Say what a tokenizer does to the ends of rows, where that is not the usual thing.

    Raises:
        UserError: the layout is `padded`, and the tokenizer cannot fill up rows.
    """
    if tokenizer.cuts_left:
        yield f"of texts above {job.recipe.max_length} tokens the end is kept: the tokenizer has truncation_side left"
    if job.recipe.layout == "padded":
        if tokenizer.obstacle:
            raise UserError(
                f"{tokenizer.obstacle}: --layout padded does not work with it, --layout ragged does"
            )
        if tokenizer.pad_token != "[PAD]":
            yield f"rows are filled up with {printable(tokenizer.pad_token)!r}, token {tokenizer.padding}"


def _awaited(run: RunContext, chunks: Iterator[list[str]]) -> Iterator[list[str]]:
    """Hand on chunks of cleaned texts, and measure the waiting for them."""
    while True:
        with run.clock.measure("clean"):
            texts = next(chunks, None)
        if texts is None:
            return
        run.reporter.advance(len(texts))
        yield texts


def unless_failed(loading: Future[Any], chunks: Iterator[list[str]]) -> Iterator[list[str]]:
    """Hand on chunks of texts; weights that do not fit end it, and not only after the last text."""
    for texts in chunks:
        if loading.done():
            loading.result()
        yield texts


class DamageCount:
    """Hands on chunks of cleaned texts.

    Args:
        chunks: The chunks.

    Attributes:
        damaged: How many of the texts so far have lost letters, see `CleanedTexts`.
    """

    def __init__(self, chunks: Iterator[list[str]]) -> None:
        self.damaged, self._chunks = 0, chunks

    def __iter__(self) -> Iterator[list[str]]:
        for texts in self._chunks:
            self.damaged += getattr(texts, "damaged", 0)
            yield texts


def report_damaged(run: RunContext, damaged: int, count: int) -> None:
    """Say how many texts of all processes lost letters to cleaning.

    Args:
        run: The run.
        damaged: This process's.
        count: This process's texts.
    """
    damaged, count = run.hosts.total((damaged, count))
    if damaged:
        run.reporter.log(describe_damaged(damaged, count))


def report_empty(run: RunContext, tokens: Tokens, resumed: bool) -> None:
    """Say how many texts of all processes are empty after cleaning.

    Args:
        run: The run.
        tokens: Tokens of this process's texts.
        resumed: Whether an earlier run has computed other blocks of the splits.

    Raises:
        UserError: all texts of the data are.
    """
    empty = int((tokens.text_lengths == 1).sum())  # only the end is left
    empty, count = run.hosts.total((empty, len(tokens.lengths)))
    if empty == count >= len(run.job.dataset.texts) and not resumed:
        raise UserError(f"no rows left after cleaning: nothing remains of any of the {count} texts")
    if empty:
        run.reporter.log(f"{empty:,} texts are empty after cleaning; they stay")
