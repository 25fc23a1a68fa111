"""Clean text as the notebook does, in parallel processes."""

import functools
import importlib.metadata
import importlib.util
import logging
import multiprocessing
import os
import signal

from cache.recipe import canonical_json

OPTIONS = {"no_line_breaks": True, "no_urls": True, "no_punct": True}  # the notebook's; the rest are defaults
LIBRARIES = ("clean-text", "ftfy", "emoji")  # ftfy and emoji do part of clean-text's work
MIN_PARALLEL = 4_000  # below it, cleaning takes less time than starting processes


def clean_texts(texts: list[str], workers: int | None = None) -> list[str]:
    """Clean every text; more than one process where that pays. `workers=None` is one per processor."""
    workers = min(workers or os.cpu_count() or 1, 1 + len(texts) // MIN_PARALLEL)
    if workers == 1:
        return [clean(text) for text in texts]
    # Spawned, not forked: JAX's threads do not survive a fork.
    with multiprocessing.get_context("spawn").Pool(workers, _leave_interrupts_to_the_parent) as pool:
        return pool.map(clean, texts, chunksize=500)


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
