"""Ctrl-C and SIGTERM: a command ends what it is doing, says one line and is gone; a second one does not wait."""

import contextlib
import os
import signal
import sys
import threading
import time
import types
from collections.abc import Iterator
from typing import Any, NoReturn

EXIT_INTERRUPTED = 130
AGAIN = 0.25  # seconds after which an interruption is raised again: an exception may be swallowed
PATIENCE = 1.0  # seconds; one who asks again after them does not want to wait for an orderly end
UNREAD = 1.0  # seconds after which we leave, whether or not somebody reads the last words
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)


class Interruption:
    """Raises `KeyboardInterrupt` in the main thread when the user asks, where Python code can end well.

    Args:
        line: line that the command prints as it leaves.

    Attributes:
        asked: whether the user has asked the command to stop.
        over: whether the command has ended its work; nothing is raised any more.
    """

    def __init__(self, line: str) -> None:
        self.asked = False
        self._line = line
        self._since = 0.0
        self.over = False
        self._unraisable = sys.unraisablehook

    def listen(self) -> None:
        """From now on, signals are ours."""
        for number in _SIGNALS:
            signal.signal(number, self._on_signal)
        sys.unraisablehook = self._on_unraisable

    def stop_listening(self) -> None:
        """The command is done, and its exit code is known: nothing changes that while Python ends."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def leave(self) -> NoReturn:
        """Say the line and end this process at once.

        Threads may be compiling or computing still: Python's own way out takes their libraries down under them.
        """
        self.stop_listening()
        # Whoever should read what we write may have stopped reading.
        watchdog = threading.Timer(UNREAD, os._exit, (EXIT_INTERRUPTED,))
        watchdog.daemon = True
        watchdog.start()
        for stream in filter(None, (sys.stdout, sys.stderr)):
            # It may be closed, or in the middle of a write.
            with contextlib.suppress(OSError, ValueError, RuntimeError):
                stream.flush()
        with contextlib.suppress(OSError):
            os.write(2, f"\n{self._line}\n".encode())
        os._exit(EXIT_INTERRUPTED)

    def _on_signal(self, number: int, frame: types.FrameType | None) -> None:
        now = time.monotonic()
        if number != signal.SIGALRM:
            if self.asked and now - self._since > PATIENCE:
                self.leave()
            if not self.asked:
                self.asked, self._since = True, now
                signal.setitimer(signal.ITIMER_REAL, AGAIN, AGAIN)
        if not (self.over or _deferred or _is_ending() or _is_importing(frame)):
            raise KeyboardInterrupt

    def _on_unraisable(self, unraisable: Any) -> None:
        """Be silent about a swallowed interruption: it is raised again."""
        if not (self.asked and isinstance(unraisable.exc_value, KeyboardInterrupt)):
            self._unraisable(unraisable)


_deferred: list[None] = []  # one for each `deferred` that is entered


@contextlib.contextmanager
def deferred() -> Iterator[None]:
    """Raise no interruption inside the `with` block: it is raised right behind."""
    _deferred.append(None)
    try:
        yield
    finally:
        _deferred.pop()


def _is_ending() -> bool:
    """Whether an interruption is being handled: an exit of a `with` that gives a lock back is not to be disturbed."""
    error: BaseException | None = sys.exc_info()[1]
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def _is_importing(frame: types.FrameType | None) -> bool:
    """Whether a module is being imported: some written in C crash when that fails half-way."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
