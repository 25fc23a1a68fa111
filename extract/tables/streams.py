"""Open a file, plain or compressed, as bytes or as lines of text."""

import codecs
import gzip
import io
import os
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO

from headstart.cache.runtime.errors import UserError
from headstart.extract.tables.batch import MOST_CHARACTERS
from headstart.extract.tables.files import STANDARD_INPUT

LONGEST = 2 * MOST_CHARACTERS  # characters of a line


class Lines:
    """Lines of a text stream.

    A line that is longer than `LONGEST` is read past, and comes as one cell that is longer than any may be.

    Args:
        stream: Opened with `newline=""`, so that lines keep their ends.

    Attributes:
        number: Number of the last line, counted from 1.
        characters: Characters of all lines so far.
        quotes: Double quotes met; counted by whoever sets `counting`.
        counting: Whether they are counted.
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


DAMAGE = (OSError, EOFError, ValueError, RuntimeError, zlib.error, zipfile.BadZipFile)

Buffered = Any  # an io.BufferedReader of whatever lies below

_MARKS = {  # the longer ones first: one is the start of another
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

_MAGIC = {b"\x1f\x8b": ".gz", b"\x28\xb5\x2f\xfd": ".zst"}


@contextmanager
def opened(path: str) -> Iterator[Buffered]:
    """Open a file's content; `-` is standard input, which may be compressed with gzip or zstd.

    Raises:
        UserError: an archive holds none or several files.
    """
    with ExitStack() as stack:
        plain: Buffered
        if path == STANDARD_INPUT:
            plain = io.BufferedReader(_Borrowed(sys.stdin.buffer))
            ending = next((ending for magic, ending in _MAGIC.items() if plain.peek(4).startswith(magic)), "")
        else:
            plain = stack.enter_context(open(path, "rb"))
            ending = os.path.splitext(path)[1].lower()
        yield _DECOMPRESS.get(ending, _as_it_is)(path, plain, stack)


@contextmanager
def seekable(stream: Buffered) -> Iterator[BinaryIO]:
    """Copy what a stream holds to a temporary file."""
    with tempfile.TemporaryFile() as file:
        while piece := stream.read(1 << 20):
            file.write(piece)
        file.seek(0)
        yield file


@contextmanager
def as_lines(file: str, stream: Buffered, encoding: str | None) -> Iterator[Lines]:
    """Read bytes as lines; a byte-order mark decides where no encoding is given.

    Raises:
        UserError: there is no such encoding.
    """
    start = stream.peek(4)[:4]
    marked = next((name for mark, name in _MARKS.items() if start.startswith(mark)), "utf-8-sig")
    name = _named(encoding) or marked
    try:
        # Bytes that are not of the encoding become lone surrogates, so that a bad row can be told from the others.
        text = io.TextIOWrapper(stream, encoding=name, errors="surrogateescape", newline="")
    except LookupError:
        raise UserError(
            f"--encoding {encoding!r} is unknown; known are utf-8, utf-16, cp1252, latin-1, ..."
        ) from None
    with text:
        yield Lines(text)


def _named(encoding: str | None) -> str | None:
    """An encoding, which for UTF-8 may start with a byte-order mark."""
    return "utf-8-sig" if encoding and encoding.lower() in ("utf-8", "utf8") else encoding


class _Borrowed(io.RawIOBase):
    """Bytes of another stream, which stays open."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._stream.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def _as_it_is(path: str, plain: Buffered, stack: ExitStack) -> Buffered:
    return plain


def _gunzipped(path: str, plain: Buffered, stack: ExitStack) -> Buffered:
    return io.BufferedReader(stack.enter_context(gzip.GzipFile(fileobj=plain)))


def _unzipped(path: str, plain: Buffered, stack: ExitStack) -> Buffered:
    archive = stack.enter_context(zipfile.ZipFile(plain))
    names = [name for name in archive.namelist() if not name.endswith("/")]
    if len(names) != 1:
        raise UserError(f"{path} holds {len(names)} files; one is wanted")
    return io.BufferedReader(_Borrowed(stack.enter_context(archive.open(names[0]))))


def _unzstandarded(path: str, plain: Buffered, stack: ExitStack) -> Buffered:
    import pyarrow as pa

    stream = stack.enter_context(pa.CompressedInputStream(pa.PythonFile(plain, "r"), "zstd"))
    return io.BufferedReader(_Borrowed(stream))


_DECOMPRESS = {".gz": _gunzipped, ".zip": _unzipped, ".zst": _unzstandarded}
