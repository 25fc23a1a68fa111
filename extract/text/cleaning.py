"""Clean text with clean-text's options, the notebook's by default, in parallel processes.

Plain texts take a short way with the same output, several times as fast. Most comments are ASCII without entities,
escapes or names of emoji: of all that clean-text does to such a text with the notebook's options, four things change
it: quotes, URLs, punctuation, blanks. The tests hold the library beside it.
"""

import contextlib
import functools
import importlib.metadata
import importlib.util
import json
import logging
import re
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headstart.cache.recipe import canonical_json
from headstart.cache.runtime.environment import core_count
from headstart.cache.runtime.errors import CacheError
from headstart.extract.text.worker_pool import in_processes

LIBRARIES = ("clean-text", "ftfy", "emoji")  # ftfy and emoji do part of clean-text's work
MIN_PARALLEL = 1_000  # rows; below it, cleaning takes less time than starting a process
ROWS_PER_PROCESS = 4_000  # one process cleans so many while the libraries are imported; more would slow that
SHORT_ROWS_PER_PROCESS = 16_000  # likewise, the short way
CHUNK = 500  # rows handed over at once

RELEASES = "clean-text 0.7.1, ftfy 6.3.1, emoji 2.16.0"
"""Those that were compared; with others every text goes through the library."""
URL_TOKEN = "<URL>"

_PLAIN = re.compile(r"[\t\n -\[\]-~]*")  # no backslash: clean-text decodes escapes
_ENTITY = re.compile(r"&#?[0-9A-Za-z]{1,24};")  # ftfy decodes &amp; and &#39;
_EMOJI_NAME = re.compile(r":[^\s:]+:")  # emoji turns :smile: into a picture
_SYMBOLS = "$+<=>^|~"  # Unicode calls them symbols, not punctuation
_REMOVED = str.maketrans("", "", "".join(set(string.punctuation) - set(_SYMBOLS)))  # "`" counts as a quote


@dataclass(frozen=True)
class Cleaning:
    """What is done to a text.

    Attributes:
        options: Clean-text's own, as far as they are not its defaults; None leaves texts as they are.
    """

    options: Mapping[str, Any] | None

    def to_json(self) -> str:
        """The options as canonical JSON, for the recipe."""
        return canonical_json(self.options)

    @property
    def versions(self) -> str:
        """Releases that decide how a text comes out, for the recipe; none where texts stay as they are."""
        return "" if self.options is None else versions()


NOTEBOOK = Cleaning({"no_line_breaks": True, "no_urls": True, "no_punct": True})
NONE = Cleaning(None)


def from_json(text: str) -> Cleaning:
    """Rebuild what `Cleaning.to_json` wrote.

    Raises:
        CacheError: it holds no options.
    """
    try:
        options = json.loads(text)
    except ValueError as error:
        raise CacheError(f"the recipe's cleaning is no JSON: {error}") from None
    if options is not None and not isinstance(options, dict):
        raise CacheError("the recipe's cleaning holds no options of clean-text")
    return Cleaning(options)


@contextlib.contextmanager
def cleaned(
    texts: Sequence[str], workers: int | None = None, cleaning: Cleaning = NOTEBOOK
) -> Iterator[Iterator[list[str]]]:
    """Give an iterator over the cleaned texts, in chunks and in order.

    Other processes clean from here on, while the caller does something else.

    Args:
        texts: Raw texts.
        workers: Processes; None takes as many as so many texts are worth, one per core at most.
        cleaning: What is done.

    Raises:
        UserError: one of the processes was killed.
    """
    chunks = (list(texts[start : start + CHUNK]) for start in range(0, len(texts), CHUNK))
    work = functools.partial(clean_all, cleaning=cleaning)
    if len(texts) < MIN_PARALLEL or cleaning.options is None:
        yield map(work, chunks)
        return
    processes = min(workers or _processes(len(texts), cleaning), -(-len(texts) // CHUNK))
    with in_processes(work, chunks, processes) as results:
        yield results


def _processes(rows: int, cleaning: Cleaning) -> int:
    for_one = SHORT_ROWS_PER_PROCESS if _has_short_way(cleaning) else ROWS_PER_PROCESS
    return min(core_count(), 1 + rows // for_one)


def clean_all(texts: list[str], cleaning: Cleaning = NOTEBOOK) -> list[str]:
    """Clean every text."""
    return [clean(text, cleaning) for text in texts]


def clean(text: str, cleaning: Cleaning = NOTEBOOK) -> str:
    """Clean one text."""
    if cleaning.options is None:
        return text
    if _has_short_way(cleaning):
        cleaner()  # quietly, before the short way imports its expressions
        if (short := clean_plain(text, url_replacer())) is not None:
            return short
    return by_library(text, cleaning.options)


def by_library(text: str, options: Mapping[str, Any]) -> str:
    """Clean one text with clean-text itself."""
    return str(cleaner()(text, **options))


@functools.cache
def versions() -> str:
    """Name the releases that decide how a text comes out.

    The GPL-licensed unidecode is no dependency, but clean-text uses it where it is installed.
    """
    releases = [f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES]
    present = importlib.util.find_spec("unidecode") is not None
    return ", ".join(
        [*releases, f"unidecode {importlib.metadata.version('unidecode') if present else 'absent'}"]
    )


def _has_short_way(cleaning: Cleaning) -> bool:
    return cleaning == NOTEBOOK and versions().startswith(f"{RELEASES}, ")


def clean_plain(text: str, urls: Callable[[str], str]) -> str | None:
    """What clean-text makes of a plain text with the notebook's options; None if the text is not plain.

    Args:
        text: Any.
        urls: Puts `<URL>` in the place of each URL.
    """
    if not text.isascii() or not _PLAIN.fullmatch(text):
        return None
    if ("&" in text and _ENTITY.search(text)) or (":" in text and _EMOJI_NAME.search(text)):
        return None
    if "://" in text or "www" in text.lower():
        text = urls(text.replace("`", "'"))
    return " ".join(text.translate(_REMOVED).lower().split())


@functools.cache
def url_replacer() -> Callable[[str], str]:
    """Clean-text's own expression for URLs."""
    from cleantext.constants import URL_REGEX

    replace: Any = URL_REGEX.sub
    return functools.partial(replace, URL_TOKEN)


@functools.cache
def cleaner():  # type: ignore[no-untyped-def]
    """Import clean-text without its advice to install unidecode."""
    logging.disable(logging.WARNING)
    try:
        from cleantext import clean as clean_text
    finally:
        logging.disable(logging.NOTSET)
    return clean_text
