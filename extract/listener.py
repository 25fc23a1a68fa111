"""How stage one tells the edge what it does."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class Listener(Protocol):
    """Hears what a run does; `extract/__main__.py` has the one that prints."""

    def say(self, line: str) -> None:
        """Take a line for the user."""

    def start(self, work: str, total: int, unit: str) -> None:
        """Hear what begins and how much of it there is."""

    def advance(self, done: int) -> None:
        """Hear that this much more is done."""


class Silence:
    """Tells nobody: for all processes of a job but the first."""

    def say(self, line: str) -> None:
        """Drop it."""

    def start(self, work: str, total: int, unit: str) -> None:
        """Drop it."""

    def advance(self, done: int) -> None:
        """Drop it."""
