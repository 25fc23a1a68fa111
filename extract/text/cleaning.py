"""Clean text with clean-text's options, the notebook's by default, in parallel processes.

Plain texts take a short way with the same output, several times as fast. Most comments are ASCII without entities,
escapes or names of emoji: of all that clean-text does to such a text with the notebook's options, four things change
it: quotes, URLs, punctuation, blanks. The tests hold the library beside it.
"""

import contextlib
import functools
import json
import re
import string
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headstart.cache.recipe import canonical_json
from headstart.cache.runtime.errors import CacheError, UserError
from headstart.cache.runtime.machine import core_count
from headstart.extract.text.expressions import Urls
from headstart.extract.text.library import SlowTextError, are_known, by_library, versions
from headstart.extract.text.lost_letters import CleanedTexts, count_damaged
from headstart.extract.text.worker_pool import in_processes

MIN_PARALLEL = 1_000  # rows; below it, cleaning takes less time than starting a process
ROWS_PER_PROCESS = 4_000  # one process cleans so many while the libraries are imported; more would slow that
SHORT_ROWS_PER_PROCESS = 16_000  # likewise, the short way
CHUNK = 500  # rows handed over at once

URL_TOKEN = "<URL>"
PATTERNS = "exceptions"  # clean-text's option of the user's own expressions

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
    texts: Sequence[str],
    workers: int | None = None,
    cleaning: Cleaning = NOTEBOOK,
    log: Callable[[str], None] = lambda line: None,
) -> Iterator[Iterator[list[str]]]:
    """Give an iterator over the cleaned texts, in chunks and in order.

    Other processes clean from here on, while the caller does something else.

    Args:
        texts: Raw texts.
        workers: Processes; None takes as many as so many texts are worth, one per core at most; 1 is this one.
        cleaning: What is done.
        log: Takes a line where there can be no other processes.

    Raises:
        UserError: one of the processes was killed, or a text takes too long.
    """
    chunks = (list(texts[start : start + CHUNK]) for start in range(0, len(texts), CHUNK))
    work = functools.partial(clean_all, cleaning=cleaning)
    if len(texts) < MIN_PARALLEL or cleaning.options is None or workers == 1:
        yield _naming_rows(map(work, chunks))
        return
    processes = min(workers or _processes(len(texts), cleaning), -(-len(texts) // CHUNK))
    with in_processes(work, chunks, processes, log) as results:
        yield _naming_rows(results)


def _naming_rows(results: Iterator[list[str]]) -> Iterator[list[str]]:
    """The results; an error about a text says which of all texts it is."""
    done = 0
    try:
        for result in results:
            yield result
            done += len(result)
    except SlowTextError as error:
        raise UserError(f"text {done + error.position + 1:,} of those to clean: {error}") from None


def _processes(rows: int, cleaning: Cleaning) -> int:
    for_one = SHORT_ROWS_PER_PROCESS if _has_short_way(cleaning) else ROWS_PER_PROCESS
    return min(core_count(), 1 + rows // for_one)


def clean_all(texts: list[str], cleaning: Cleaning = NOTEBOOK) -> list[str]:
    """Clean every text.

    Raises:
        SlowTextError: one takes too long.
    """
    if PATTERNS in (cleaning.options or {}) and threading.current_thread() is not threading.main_thread():
        # An expression that never ends can be stopped in a main thread alone, so that of another process does it.
        with in_processes(functools.partial(_clean_each, cleaning=cleaning), [texts], 1) as results:
            return next(results)
    return _clean_each(texts, cleaning)


def _clean_each(texts: list[str], cleaning: Cleaning) -> CleanedTexts:
    cleaned_texts = CleanedTexts()
    try:
        for text in texts:
            cleaned_texts.append(clean(text, cleaning))
    except SlowTextError as error:
        raise SlowTextError(str(error), len(cleaned_texts)) from None
    cleaned_texts.damaged = count_damaged(texts, cleaned_texts) if cleaning.options is not None else 0
    return cleaned_texts


def clean(text: str, cleaning: Cleaning = NOTEBOOK) -> str:
    """Clean one text."""
    if cleaning.options is None:
        return text
    if _has_short_way(cleaning) and (short := clean_plain(text)) is not None:
        return short
    return by_library(text, cleaning.options)


def _has_short_way(cleaning: Cleaning) -> bool:
    return cleaning == NOTEBOOK and are_known()


def clean_plain(text: str) -> str | None:
    """What clean-text makes of a plain text with the notebook's options; None if the text is not plain."""
    if not text.isascii() or not _PLAIN.fullmatch(text):
        return None
    if ("&" in text and _ENTITY.search(text)) or (":" in text and _EMOJI_NAME.search(text)):
        return None
    if "://" in text or "www" in text.lower():
        text = Urls().sub(URL_TOKEN, text.replace("`", "'"))
    return " ".join(text.translate(_REMOVED).lower().split())
