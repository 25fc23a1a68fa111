"""Clean text as the notebook does, in parallel processes."""

import contextlib
import functools
import importlib.metadata
import importlib.util
import logging
import multiprocessing
import signal
from collections.abc import Iterator, Sequence

from cache.environment import core_count
from cache.recipe import canonical_json

OPTIONS = {"no_line_breaks": True, "no_urls": True, "no_punct": True}  # the notebook's; the rest are defaults
LIBRARIES = ("clean-text", "ftfy", "emoji")  # ftfy and emoji do part of clean-text's work
MIN_PARALLEL = 1_000  # rows; below it, cleaning takes less time than starting a process
ROWS_PER_PROCESS = 4_000  # below it, one process more takes longer to start than it saves
CHUNK = 500  # rows handed over at once


@contextlib.contextmanager
def cleaned(texts: Sequence[str], workers: int | None = None) -> Iterator[Iterator[list[str]]]:
    """Give an iterator over the cleaned texts, in chunks and in order.

    Other processes clean from here on, while the caller does something else.

    Args:
        texts: raw texts.
        workers: processes at most; None takes one per core.
    """
    chunks = (list(texts[start : start + CHUNK]) for start in range(0, len(texts), CHUNK))
    if len(texts) < MIN_PARALLEL:
        yield map(clean_all, chunks)
        return
    processes = min(workers or core_count(), 1 + len(texts) // ROWS_PER_PROCESS)
    # Spawned, not forked: JAX's threads do not survive a fork.
    with multiprocessing.get_context("spawn").Pool(processes, _leave_interrupts_to_the_parent) as pool:
        yield pool.imap(clean_all, chunks)


def clean_all(texts: list[str]) -> list[str]:
    """Clean every text."""
    return [clean(text) for text in texts]


def clean(text: str) -> str:
    """Clean one text with the notebook's options."""
    return str(_cleaner()(text, **OPTIONS))


def options_json() -> str:
    """Return the options as canonical JSON, for the recipe."""
    return canonical_json(OPTIONS)


def versions() -> str:
    """Name the releases that decide how a text comes out, for the recipe.

    The GPL-licensed unidecode is no dependency, but clean-text uses it where it is installed.
    """
    releases = [f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES]
    present = importlib.util.find_spec("unidecode") is not None
    return ", ".join(
        [*releases, f"unidecode {importlib.metadata.version('unidecode') if present else 'absent'}"]
    )


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@functools.cache
def _cleaner():  # type: ignore[no-untyped-def]
    """Import clean-text without its advice to install unidecode."""
    logging.disable(logging.WARNING)
    try:
        from cleantext import clean as cleaner
    finally:
        logging.disable(logging.NOTSET)
    return cleaner
