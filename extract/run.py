"""Stage one, from settings to a finished cache."""

from cache.errors import UserError
from cache.writer import CacheWriter
from extract import cleaning, splitting
from extract.clock import Clock
from extract.job import Job, prepare
from extract.listener import Listener
from extract.nearest import describe_nearest
from extract.settings import Settings
from extract.tokens import Tokens, load_tokenizer, tokenize


def extract(settings: Settings, listener: Listener) -> str:
    """Run stage one and return the cache's location.

    Raises:
        UserError: the data, the backbone or a setting is not what it has to be.
    """
    clock = Clock()
    job = prepare(settings)
    listener.say(_describe_rows(job))
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


def read_tokens(job: Job, clock: Clock, listener: Listener) -> Tokens:
    """Clean and tokenise all texts.

    Raises:
        UserError: cleaning leaves nothing of any text, or the tokenizer does not fit the backbone.
    """
    with clock.measure("clean"):
        texts = cleaning.clean_texts(job.rows.texts, job.settings.workers)
    empty = sum(not text for text in texts)
    if empty == len(texts):
        raise UserError(f"no rows left after cleaning: nothing remains of any of the {len(texts)} texts")
    if empty:
        listener.say(f"{empty:,} texts are empty after cleaning; they stay, as in the notebook")
    with clock.measure("tokenize"):
        tokens = tokenize(load_tokenizer(job.checkpoint.folder, job.settings.max_length), texts)
    _check_tokens(job, tokens)
    return tokens


def _check_tokens(job: Job, tokens: Tokens) -> None:
    if not tokens.lengths.all():
        raise UserError(
            f"the tokenizer of {job.checkpoint.name!r} makes no token of some texts; it must add [CLS]"
        )
    if (highest := int(tokens.ids.max())) >= job.architecture.vocab_size:
        raise UserError(
            f"the tokenizer of {job.checkpoint.name!r} knows a token {highest}, "
            f"but its config.json says vocab_size {job.architecture.vocab_size}"
        )


def _complete(job: Job, writer: CacheWriter, clock: Clock, listener: Listener) -> None:
    dealt = splitting.split_rows(job.rows.texts, job.settings.seed, job.settings.split_rule)
    tokens = read_tokens(job, clock, listener)
    if nearest := describe_nearest(job):
        listener.say(nearest)
    # Only now: a cache that is complete is recognised without loading JAX and transformers.
    from extract.fill import fill

    with writer.alone(listener.say) as lock:
        # Asked again: while we waited for the lock, another process may have filled them.
        if missing := missing_splits(job, writer):
            fill(job, writer, lock, tokens, {name: dealt[name] for name in missing}, clock, listener)


def _describe_rows(job: Job) -> str:
    rows = job.rows
    text, label = rows.columns
    line = (
        f"{job.settings.data}: {len(rows.texts):,} rows, text {text!r}, "
        f"label {label!r} ({int(rows.labels.sum()):,} are 1)"
    )
    return line + (f"; {rows.missing:,} rows without text left out" if rows.missing else "")
