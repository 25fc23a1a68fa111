"""Mistakes that a user can mend, and how every command reports them."""

import os
import signal
import sys
import types
from collections.abc import Callable

EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130


class UserError(Exception):
    """A mistake outside the program: the message says what was found, what was wanted, and what to do."""


class CacheError(UserError):
    """A feature cache that is missing, unfinished, damaged or of another format."""


def exit_code(main: Callable[[], None], when_interrupted: str = "nothing was changed") -> int:
    """Run a command's `main` and return its exit code.

    A `UserError` becomes one line on stderr and 2. Ctrl-C and SIGTERM become 130 and one line, which ends in what
    `when_interrupted` says about the work so far.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        main()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_USER_ERROR
    except BrokenPipeError:  # `python -m cache show | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print(f"\ninterrupted; {when_interrupted}", file=sys.stderr)
        return EXIT_INTERRUPTED
    return 0


def _interrupt(number: int, frame: types.FrameType | None) -> None:
    raise KeyboardInterrupt
