"""Lines of a text file, with a limit to what a line may take in memory."""

import io
from collections.abc import Iterator

from extract.reading.flaws import MOST_CHARACTERS

LONGEST = 2 * MOST_CHARACTERS  # of a line


class Lines:
    """Lines of a text stream.

    A line that is longer than `LONGEST` is read past, and comes as one cell that is longer than any may be.

    Args:
        stream: opened with `newline=""`, so that lines keep their ends.

    Attributes:
        number: of the last line, counted from 1.
        characters: of all lines so far.
        quotes: double quotes met; counted by whoever sets `counting`.
        counting: whether they are counted.
    """

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self.number = 0
        self.characters = 0
        self.encoding = stream.encoding.removesuffix("-sig")
        self._stream = stream
        self._ahead: list[str] = []
        self.quotes, self.counting = 0, False
        self._last, self._quotes_beyond = "", 0

    @property
    def last_quotes(self) -> int:
        """Double quotes in the last line."""
        return self._last.count('"') + self._quotes_beyond

    def peek(self, count: int) -> list[str]:
        """The next lines, which stay the next ones; short ones only."""
        while len(self._ahead) < count and (line := self._stream.readline(LONGEST)):
            self._ahead.append(line)
            if len(line) == LONGEST:
                break
        return self._ahead[:count]

    def __iter__(self) -> Iterator[str]:
        while line := self._ahead.pop(0) if self._ahead else self._stream.readline(LONGEST):
            self.number += 1
            self.characters += len(line)
            self._last, self._quotes_beyond = line, 0
            shown = line if len(line) < LONGEST else self._pass_by(line)
            if self.counting:
                self.quotes += self.last_quotes
            yield shown

    def _pass_by(self, line: str) -> str:
        while line and line[-1] not in "\r\n":
            line = self._stream.readline(LONGEST)
            self._quotes_beyond += line.count('"')
        return "x" * (MOST_CHARACTERS + 1) + "\n"
