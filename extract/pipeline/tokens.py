"""From a process's texts to token ids: cleaned in other processes, tokenised as they come."""

from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

from headstart.cache.runtime.errors import UserError
from headstart.extract.pipeline.job import ExtractJob, RunContext
from headstart.extract.text.tokenizer import Tokens, load_tokenizer, tokenize


def read_tokens(run: RunContext, chunks: Iterator[list[str]], count: int) -> Tokens:
    """Tokenise so many texts as they come from cleaning.

    Raises:
        UserError: the tokenizer does not fit the backbone.
    """
    tokenizer = load_tokenizer(run.job.checkpoint.folder, run.job.settings.max_length)
    run.reporter.start("cleaning", count, "rows")
    with run.clock.measure("tokenize"):
        tokens = tokenize(tokenizer, _awaited(run, chunks))
    run.clock.seconds["tokenize"] -= run.clock.seconds["clean"]
    _check_tokens(run.job, tokens)
    return tokens


def _awaited(run: RunContext, chunks: Iterator[list[str]]) -> Iterator[list[str]]:
    """Hand on chunks of cleaned texts, and measure the waiting for them."""
    while True:
        with run.clock.measure("clean"):
            texts = next(chunks, None)
        if texts is None:
            return
        run.reporter.advance(len(texts))
        yield texts


def _check_tokens(job: ExtractJob, tokens: Tokens) -> None:
    if not tokens.lengths.all():
        raise UserError(
            f"the tokenizer of {job.checkpoint.name!r} makes no token of some texts; it must add [CLS]"
        )
    if len(tokens.ids) and (highest := int(tokens.ids.max())) >= job.architecture.vocab_size:
        raise UserError(
            f"the tokenizer of {job.checkpoint.name!r} knows a token {highest}, "
            f"but its config.json says vocab_size {job.architecture.vocab_size}"
        )


def unless_failed(loading: Future[Any], chunks: Iterator[list[str]]) -> Iterator[list[str]]:
    """Hand on chunks of texts; weights that do not fit end it, and not only after the last text."""
    for texts in chunks:
        if loading.done():
            loading.result()
        yield texts


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
        run.reporter.log(f"{empty:,} texts are empty after cleaning; they stay, as in the notebook")
