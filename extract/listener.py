"""How stage one tells the edge what it does."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class Listener(Protocol):
    """Hears what a run does; `extract/__main__.py` has the one that prints."""

    def say(self, line: str) -> None:
        """Take a line for the user."""

    def start(self, tokens: int) -> None:
        """Hear how many real tokens the backbone will read."""

    def advance(self, tokens: int) -> None:
        """Hear that this many more are done."""
