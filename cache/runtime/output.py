"""What a command prints beside its results, and results as JSON."""

import contextlib
import dataclasses
import json
import os
import shlex
import sys
from collections.abc import Iterator
from typing import Any

from headstart.cache.runtime.options import option
from headstart.cache.runtime.text import printable, say

OUTPUT = "output"


@dataclasses.dataclass(frozen=True, kw_only=True)
class QuietSettings:
    """Whether a command says what it is doing."""

    quiet: bool = option(
        False,
        "print results and errors alone: no progress, no remarks",
        short="-q",
        group=OUTPUT,
        repeats=False,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class OutputSettings(QuietSettings):
    """How a command prints."""

    json: bool = option(
        False,
        "print results as one JSON document, and remarks on standard error",
        group=OUTPUT,
        repeats=False,
    )

    @property
    def talks(self) -> bool:
        """Whether a person reads what stands beside the results."""
        return not (self.quiet or self.json)


@contextlib.contextmanager
def remarks(quiet: bool, apart: bool = False) -> Iterator[None]:
    """Where a command's words go while it works; what it prints afterwards goes where it always does.

    Args:
        quiet: Nothing is printed on standard error.
        apart: What would be printed on standard output goes to standard error, too: it is no result.
    """
    with contextlib.ExitStack() as stack:
        if quiet:
            nowhere = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
            stack.enter_context(contextlib.redirect_stderr(nowhere))
        if apart:
            stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        yield


def say_next(about: str, *words: str) -> None:
    """Print the best next command on standard error, ready to paste into a shell.

    Args:
        about: What it does.
        words: The command; none where `about` says all.
    """
    say(f"next: {about}{':' * bool(words)}", sys.stderr)
    if words:
        say(f"  {printable(shlex.join(words))}", sys.stderr)


def say_json(value: Any) -> None:
    """Print a value as one JSON document in ASCII; numbers that JSON cannot hold are null."""
    if "NaN" in (text := json.dumps(value)) or "Infinity" in text:
        text = json.dumps(json.loads(text, parse_constant=lambda name: None))
    print(text, flush=True)
