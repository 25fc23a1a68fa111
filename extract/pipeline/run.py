"""Stage one, from settings to a finished cache."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from typing import TYPE_CHECKING

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.progress import Listener, Silence
from headstart.cache.runtime.timing import Clock
from headstart.cache.splits import rows_split
from headstart.cache.task import class_counts
from headstart.cache.writer import CacheWriter
from headstart.extract.pipeline.context import Run
from headstart.extract.pipeline.distributed import Hosts, check_hosts, join
from headstart.extract.pipeline.job import Job, prepare
from headstart.extract.pipeline.partition import Share, share_out, texts_of
from headstart.extract.pipeline.reuse import describe_nearest
from headstart.extract.settings import Settings
from headstart.extract.splits.coverage import describe_absent
from headstart.extract.splits.rules import Splits
from headstart.extract.splits.splitter import split_rows
from headstart.extract.tables.files import shown
from headstart.extract.text import cleaning
from headstart.extract.text.tokenizer import Tokens, among, load_tokenizer, tokenize

if TYPE_CHECKING:
    from headstart.extract.pipeline.accuracy import Backbones

SHOWN = 12  # classes


def extract(settings: Settings, listener: Listener) -> str:
    """Run stage one and return the cache's location.

    Raises:
        UserError: the data, the backbone or a setting is not what it has to be.
    """
    clock = Clock()
    check_hosts(settings)  # a mistake is told before a large file is read
    job = prepare(settings)
    listener.say(describe_rows(job))
    for line in job.rows.counts.details():
        listener.say(line)
    writer = CacheWriter(job.location, job.recipe)
    if missing_splits(job, writer):
        _complete(job, writer, clock, listener)
    else:
        listener.say("the cache is complete already: nothing to compute")
    return job.location


def missing_splits(job: Job, writer: CacheWriter) -> list[str]:
    """Names of the wanted splits that the cache does not hold."""
    earlier = writer.manifest()
    finished = earlier.splits if earlier else {}
    return [name for name in job.splits if name not in finished]


def read_tokens(
    job: Job, chunks: Iterator[list[str]], count: int, clock: Clock, listener: Listener
) -> tuple[Tokens, int]:
    """Tokenise so many texts as they come from cleaning; also returns how many were empty then.

    Raises:
        UserError: the tokenizer does not fit the backbone.
    """
    tokenizer = load_tokenizer(job.checkpoint.folder, job.settings.max_length)
    listener.start("cleaning", count, "rows")
    counter = _Counter(chunks, clock, listener)
    with clock.measure("tokenize"):
        tokens = tokenize(tokenizer, counter)
    clock.seconds["tokenize"] -= clock.seconds["clean"]
    _check_tokens(job, tokens)
    return tokens, counter.empty


def _tell_empty(run: Run, empty: int, count: int, share: Share) -> None:
    """Say how many texts cleaning left nothing of, in all processes.

    Raises:
        UserError: it left nothing of any of the data's.
    """
    empty, count = run.hosts.total((empty, count))
    if empty == count >= len(run.job.rows.texts) and not share.records:
        raise UserError(f"no rows left after cleaning: nothing remains of any of the {count} texts")
    if empty:
        run.listener.say(f"{empty:,} texts are empty after cleaning; they stay, as in the notebook")


class _Counter:
    """Hands on chunks of cleaned texts; measures the waiting for them, and counts texts with nothing left."""

    def __init__(self, chunks: Iterator[list[str]], clock: Clock, listener: Listener) -> None:
        self.empty = 0
        self._chunks, self._clock, self._listener = chunks, clock, listener

    def __iter__(self) -> Iterator[list[str]]:
        while True:
            with self._clock.measure("clean"):
                texts = next(self._chunks, None)
            if texts is None:
                return
            self.empty += sum(not text for text in texts)
            self._listener.advance(len(texts))
            yield texts


def _check_tokens(job: Job, tokens: Tokens) -> None:
    if not tokens.lengths.all():
        raise UserError(
            f"the tokenizer of {job.checkpoint.name!r} makes no token of some texts; it must add [CLS]"
        )
    if len(tokens.ids) and (highest := int(tokens.ids.max())) >= job.architecture.vocab_size:
        raise UserError(
            f"the tokenizer of {job.checkpoint.name!r} knows a token {highest}, "
            f"but its config.json says vocab_size {job.architecture.vocab_size}"
        )


def _complete(job: Job, writer: CacheWriter, clock: Clock, listener: Listener) -> None:
    hosts = join(job.settings)
    listener = listener if hosts.first else Silence()
    with hosts.lost_on_error():
        _fill_missing(job, writer, hosts, clock, listener)


def _fill_missing(job: Job, writer: CacheWriter, hosts: Hosts, clock: Clock, listener: Listener) -> None:
    dealt = split_rows(job.rows, job.settings)
    for line in describe_absent(job.rows, dealt, job.settings):
        listener.say(line)
    with writer.alone(listener.say) if hosts.first else nullcontext() as lock:
        hosts.wait("the first process has the lock")
        # Asked again: while we waited for the lock, another job may have filled them.
        if missing := missing_splits(job, writer):
            run = Run(job, writer, lock.check if lock else _unlocked, hosts, clock, listener)
            _fill(run, {name: dealt[rows_split(name)] for name in missing})


def _fill(run: Run, splits: Splits) -> None:
    """Compute what is missing of splits of the cache; the backbone is loaded while texts become tokens."""
    job = run.job
    share = share_out(run, splits)
    texts = texts_of(job.rows.texts, share.rows)
    with run.hosts.together(), cleaning.cleaned(texts, job.settings.workers, job.cleaning) as chunks:
        # Meanwhile: the imports take seconds. A cache that is complete is recognised without them.
        from headstart.extract.pipeline.accuracy import load_backbones
        from headstart.extract.pipeline.fill import fill

        with ThreadPoolExecutor(1) as thread:
            loading = thread.submit(load_backbones, job)
            tokens, empty = read_tokens(
                job, _unless_failed(loading, chunks), len(texts), run.clock, run.listener
            )
            backbones = loading.result()
    _tell_empty(run, empty, len(texts), share)
    if nearest := describe_nearest(job):
        run.listener.say(nearest)
    fill(run, backbones, among(tokens, share.rows, len(job.rows.texts)), share)


def _unless_failed(loading: "Future[Backbones]", chunks: Iterator[list[str]]) -> Iterator[list[str]]:
    """Hand on chunks of texts; weights that do not fit end it, and not only after the last text."""
    for texts in chunks:
        if loading.done():
            loading.result()
        yield texts


def _unlocked() -> None:
    """Only the first process holds the lock."""


def describe_rows(job: Job) -> str:
    """Say what the data are taken for: columns, task, classes."""
    rows = job.rows
    text, label = rows.columns
    found = class_counts(rows.task, rows.labels)
    counts = ", ".join(f"{name}: {count:,}" for name, count in found[:SHOWN])
    counts += f", ... {len(found):,} classes" if len(found) > SHOWN else ""
    line = (
        f"{shown(job.settings.data)}: {len(rows.texts):,} rows, text {text!r}, "
        f"label {label!r}, {rows.task.kind} ({counts})"
    )
    return f"{line}; {rows.counts}"
