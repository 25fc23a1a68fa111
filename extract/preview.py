"""The rows that a run would read: some of them raw, cleaned and as tokens, without the backbone."""

from collections.abc import Iterator, Sequence

import numpy as np
from tokenizers import Tokenizer

from headstart.cache.runtime.text import printable
from headstart.cache.task import Task
from headstart.extract.pipeline.job import ExtractJob
from headstart.extract.pipeline.tokens import describe_tokenizer
from headstart.extract.splits.coverage import describe_absent
from headstart.extract.splits.splitter import split_dataset
from headstart.extract.text.cleaning import clean_all
from headstart.extract.text.lost_letters import (
    count_damaged,
    count_rewritten,
    describe_damaged,
    describe_rewritten,
)
from headstart.extract.text.pretrained import load_tokenizer

LONGEST = 400
"""Most characters shown of a text."""
SAMPLE = 1_000
"""Most rows of which is looked how many letters cleaning leaves them."""
MOST_TOKENS = 40
"""Most tokens shown of a row."""


def preview(job: ExtractJob, count: int) -> Iterator[str]:
    """Give lines about the data, the splits, and the first rows.

    Args:
        job: The job that would run.
        count: Most rows to show.

    Raises:
        UserError: the rows cannot be dealt, or the backbone has no tokenizer.
    """
    yield from map(printable, (job.describe(), *job.dataset.counts.details(), *job.remarks))
    splits = split_dataset(job.dataset, job.settings)
    yield "splits: " + ", ".join(f"{name} {len(rows):,}" for name, rows in splits.items())
    yield from map(printable, describe_absent(job.dataset, splits, job.settings))
    where = {int(row): name for name, rows in splits.items() for row in rows}
    texts = list(job.dataset.texts[:count])
    cleaned_texts = clean_all(texts, job.cleaning)
    yield from _damage(job)
    loaded = load_tokenizer(job.checkpoint.folder, job.recipe.max_length)
    tokenizer = loaded.within(job.architecture.vocab_size)
    yield from map(printable, describe_tokenizer(job, tokenizer))
    shown_rows = zip(texts, cleaned_texts, tokens_of(tokenizer.pipeline, cleaned_texts), strict=True)
    for row, (raw, cleaned, tokens) in enumerate(shown_rows):
        label = described_label(job.dataset.task, job.dataset.labels[row])
        yield f"\ndata row {int(job.dataset.rows[row]) + 1:,}  {label}  {where[row]}"
        yield f"  raw      {shown(raw)}"
        yield f"  cleaned  {shown(cleaned)}"
        yield f"  tokens   {listed(*tokens)}"


def tokens_of(pipeline: Tokenizer, cleaned: list[str]) -> list[tuple[list[str], int]]:
    """The tokens of each cleaned text, and how many it has without truncation, which the tokenizer then has lost."""
    rows = [encoding.tokens for encoding in pipeline.encode_batch(cleaned)]
    pipeline.no_truncation()
    return [(row, len(whole.ids)) for row, whole in zip(rows, pipeline.encode_batch(cleaned), strict=True)]


def _damage(job: ExtractJob) -> Iterator[str]:
    """Say how many of some rows, which lie evenly among all, lose letters to cleaning."""
    rows = np.unique(np.linspace(0, len(job.dataset.texts) - 1, SAMPLE).astype(np.int64))
    foreign = [text for row in rows.tolist() if not (text := job.dataset.texts[row]).isascii()]
    cleaned, whose = clean_all(foreign, job.cleaning), "rows"
    if len(rows) < len(job.dataset.texts):
        whose = "rows looked at"
    if damaged := count_damaged(foreign, cleaned):
        yield describe_damaged(damaged, len(rows), whose)
    elif rewritten := count_rewritten(foreign, cleaned):
        yield describe_rewritten(rewritten, len(rows), whose)


def described_label(task: Task, label: object) -> str:
    """A row's classes by name."""
    numbers: list[int] = list(label) if task.several else []  # type: ignore[call-overload]
    if task.several:
        names = [name for name, number in zip(task.classes, numbers, strict=True) if number]
        return printable(", ".join(names) or "(no label)")
    return printable(task.classes[int(label)])  # type: ignore[call-overload]


def shown(text: str) -> str:
    """A text in one line, cut if it is long."""
    rest = len(text) - LONGEST
    return printable(text[:LONGEST]) + (f" ... ({rest:,} more characters)" if rest > 0 else "")


def listed(tokens: Sequence[str], count: int) -> str:
    """The first tokens of a row, and how many there are of how many."""
    more = " ..." if len(tokens) > MOST_TOKENS else ""
    cut = f", cut from {count:,}" if len(tokens) < count else ""
    return f"{printable(' '.join(tokens[:MOST_TOKENS]))}{more}  ({len(tokens):,} tokens{cut})"
