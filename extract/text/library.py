"""Clean-text, in a copy of our own: its slow expressions replaced by linear ones, and no text taking for ever."""

import contextlib
import functools
import importlib.metadata
import importlib.util
import logging
import re
import signal
import threading
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.text import printable
from headstart.extract.text.expressions import NUMBERS, Code, Emails, Urls
from headstart.extract.text.long_runs import joined_pieces, ordered_marks, shallow_ampersands

LIBRARIES = ("clean-text", "ftfy", "emoji")  # ftfy and emoji do part of clean-text's work
RELEASES = "clean-text 0.7.1, ftfy 6.3.1, emoji 2.16.0"
"""Those that were compared; with others, clean-text is taken as it is."""
SECONDS = 10.0  # of processor time for one text
SECONDS_PER_CHARACTER = 20e-6  # and that; clean-text takes about a tenth of it
SHOWN = 60  # characters of a text in a message


class SlowTextError(UserError):
    """A text whose cleaning was given up.

    Args:
        message: What is slow.
        position: Its position among the texts that were cleaned together.
    """

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(message, position)
        self.position = position

    @property
    def lines(self) -> tuple[str, ...]:
        """The message alone."""
        return super().lines[:1]


def by_library(text: str, options: Mapping[str, Any]) -> str:
    """Clean one text with clean-text itself.

    Raises:
        SlowTextError: it takes longer than any such text should.
    """
    try:
        with _limited(SECONDS + SECONDS_PER_CHARACTER * len(text)):
            return str(cleaner()(text, **options))
    except TimeoutError as error:
        raise SlowTextError(f"{_culprit(error)}; the text is {_shown(text)}") from None


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


@functools.cache
def are_known() -> bool:
    """Whether the installed releases are those that were compared."""
    return versions().startswith(f"{RELEASES}, ")


@functools.cache
def cleaner():  # type: ignore[no-untyped-def]
    """Import clean-text without its advice to install unidecode."""
    logging.disable(logging.WARNING)
    try:
        from cleantext import clean

        return _copy().clean if are_known() else clean
    finally:
        logging.disable(logging.NOTSET)


def _copy() -> Any:
    """A second copy of the module, for us alone, with linear expressions in the place of slow ones."""
    import cleantext.constants as constants

    spec: Any = importlib.util.find_spec("cleantext.clean")
    copy: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    numbers = re.compile(constants.NUMBERS_REGEX.pattern.replace(*NUMBERS))
    twins = {"URL_REGEX": Urls(), "EMAIL_REGEX": Emails(), "CODE_REGEX": Code(), "NUMBERS_REGEX": numbers}
    copy.constants = types.SimpleNamespace(**{**vars(constants), **twins})
    copy.fix_text = _after(shallow_ampersands, _after(ordered_marks, copy.fix_text))
    copy.to_ascii_unicode = _after(ordered_marks, copy.to_ascii_unicode)
    copy.demojize = _in_pieces(copy.demojize)
    return copy


def _after(first: Callable[[str], str], function: Callable[..., str]) -> Callable[..., str]:
    return lambda text, **options: function(first(text), **options)


def _in_pieces(function: Callable[..., str]) -> Callable[..., str]:
    return lambda text, **options: "".join(function(piece, **options) for piece in joined_pieces(text))


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raise `TimeoutError` in the `with` block after so much processor time; only the main thread hears of it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, 1.0)  # again: clean-text swallows errors here and there
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _give_up(number: int, frame: types.FrameType | None) -> NoReturn:
    raise TimeoutError


def _culprit(error: BaseException) -> str:
    """Say what took so long: a pattern of the user's, if it was that."""
    trace = error.__traceback__
    while trace and trace.tb_frame.f_code.co_name != "_protect_exceptions":
        trace = trace.tb_next
    if trace is None:
        return "clean-text does not get done with a text (`--clean none` leaves texts as they are)"
    pattern = printable(str(trace.tb_frame.f_locals.get("pattern")))
    return f"the pattern {pattern!r} of `exceptions` takes too long on a text: write it without repeats in repeats"


def _shown(text: str) -> str:
    rest = len(text) - SHOWN
    return repr(text[:SHOWN]) + (f" ... ({rest:,} more characters)" if rest > 0 else "")
