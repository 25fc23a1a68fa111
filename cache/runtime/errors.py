"""Mistakes that a user can mend, and how every command reports them."""

import contextlib
import io
import os
import select
import sys
import traceback
from collections.abc import Callable
from typing import TextIO

from headstart.cache.runtime.signals import Interruption
from headstart.cache.runtime.text import printable, say

EXIT_USER_ERROR = 2
LONGEST_LINE = 4000  # characters


class UserError(Exception):
    """A mistake outside the program: the message says what was found, what was wanted, and what to do.

    Args:
        lines: The message, mostly one line. Names in a line may come from anyone and hold line ends: they begin none.
    """

    def __init__(self, *lines: object) -> None:
        super().__init__(*lines)

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of the message, as they may be printed; a name may be as long as a file."""
        lines = (printable(str(line)) for line in self.args)
        return tuple(line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}..." for line in lines)

    def __str__(self) -> str:
        return "\n".join(self.lines)


class CacheError(UserError):
    """A feature cache that is missing, unfinished, damaged or of another format."""


def exit_code(main: Callable[[], None], when_interrupted: str = "nothing was changed") -> int:
    """Run a command's `main` and return its exit code.

    A `UserError`, and whatever the system refuses, becomes one line on stderr and 2. Ctrl-C and SIGTERM end the process
    with 130 and one line, which ends in what `when_interrupted` says about the work so far.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None where it was closed before we started
            stream.reconfigure(errors="backslashreplace")  # a character that its encoding lacks
    interruption = Interruption(f"interrupted; {when_interrupted}")
    interruption.listen()
    code, failed = 0, False
    try:
        try:
            main()
            _flush_output()
        finally:
            interruption.over = True  # without a call in between, in which a signal could be heard
    except (Exception, KeyboardInterrupt) as error:
        failed = True
        if not interruption.asked:  # else it is the interruption, whatever a library made of it
            code = _failed(error)
    if interruption.asked and failed:
        interruption.leave()  # with the error let go: what its frames held is closed by now
    interruption.stop_listening()
    return code


def _failed(error: BaseException) -> int:
    # What was said before the error comes before it, also where the process then leaves without Python's way out.
    with contextlib.suppress(OSError, ValueError):
        _flush_output()
    if not isinstance(error, UserError | OSError | MemoryError) and not _is_platform_missing(error):
        raise error
    if isinstance(error, BrokenPipeError):
        # `python -m cache show | head`: the reader has seen enough. Where only messages are not read, work is not done.
        seen = _is_closed(sys.stdout)
        for stream in (sys.stdout, sys.stderr):
            if _is_closed(stream):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return 0 if seen else EXIT_USER_ERROR
    say(f"error: {_message(error).rstrip()}", sys.stderr)
    return EXIT_USER_ERROR


def _is_platform_missing(error: BaseException) -> bool:
    """Whether JAX has no platform of those that JAX_PLATFORMS names; it says so as an error of its own code."""
    if not os.environ.get("JAX_PLATFORMS") or not isinstance(error, RuntimeError | AssertionError):
        return False
    *_, last = traceback.walk_tb(error.__traceback__)
    return last[0].f_code.co_filename.endswith(os.path.join("jax", "_src", "xla_bridge.py"))


def _message(error: BaseException) -> str:
    if isinstance(error, UserError):
        return str(error)
    if not _is_platform_missing(error):
        return printable(str(error)) or type(error).__name__
    reason = " ".join(str(error).split()).partition(" (set JAX_PLATFORMS")[0].rstrip(".")
    platforms = f"JAX_PLATFORMS is {os.environ['JAX_PLATFORMS']!r}"
    return f"{platforms}, but {reason or 'none of these is here'}: unset it, or set JAX_PLATFORMS=cpu"


def _flush_output() -> None:
    if sys.stdout:  # None where it was closed before we started
        sys.stdout.flush()


def _is_closed(stream: TextIO) -> bool:
    """Whether nobody reads a pipe any more."""
    poll = select.poll()
    poll.register(stream.fileno(), 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
