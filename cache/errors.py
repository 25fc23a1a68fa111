"""Mistakes that a user can mend, and how every command reports them."""

import os
import select
import signal
import sys
import types
import warnings
from collections.abc import Callable
from typing import TextIO

EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130
INSIST = 1.0  # seconds after which an interruption is raised again


class UserError(Exception):
    """A mistake outside the program: the message says what was found, what was wanted, and what to do."""


class CacheError(UserError):
    """A feature cache that is missing, unfinished, damaged or of another format."""


def exit_code(main: Callable[[], None], when_interrupted: str = "nothing was changed") -> int:
    """Run a command's `main` and return its exit code.

    A `UserError`, and whatever the system refuses, becomes one line on stderr and 2. Ctrl-C and SIGTERM become 130 and
    one line, which ends in what `when_interrupted` says about the work so far.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, _interrupt)
    try:
        main()
    except (UserError, OSError, MemoryError) as error:
        return _failed(error)
    except KeyboardInterrupt:
        signal.setitimer(signal.ITIMER_REAL, 0)
        warnings.simplefilter("ignore")  # libraries' about what they could not finish would follow our line
        print(f"\ninterrupted; {when_interrupted}", file=sys.stderr)
        return EXIT_INTERRUPTED
    return 0


def printable(text: str) -> str:
    """Escape what would move the cursor or end the line: names and texts may come from anyone."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text)


def _failed(error: Exception) -> int:
    if isinstance(error, BrokenPipeError):
        # `python -m cache show | head`: the reader has seen enough. Where only messages are not read, work is not done.
        seen = _is_closed(sys.stdout)
        for stream in (sys.stdout, sys.stderr):
            if _is_closed(stream):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return 0 if seen else EXIT_USER_ERROR
    lines = (str(error) or type(error).__name__).splitlines()
    print("error: " + "\n".join(map(printable, lines)), file=sys.stderr)
    return EXIT_USER_ERROR


def _is_closed(stream: TextIO) -> bool:
    """Whether nobody reads a pipe any more."""
    poll = select.poll()
    poll.register(stream.fileno(), 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def _interrupt(number: int, frame: types.FrameType | None) -> None:
    # An exception that is raised inside a destructor or a library's callback is swallowed there: insist.
    signal.setitimer(signal.ITIMER_REAL, INSIST)
    raise KeyboardInterrupt
