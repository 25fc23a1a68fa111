"""Open a file, plain or compressed, as bytes or as lines of text."""

import codecs
import gzip
import io
import os
import shlex
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import Any, BinaryIO

import pyarrow as pa

from headstart.cache.runtime.errors import UserError
from headstart.extract.tables.batch import MOST_CHARACTERS, Say
from headstart.extract.tables.files import ENDINGS, STANDARD_INPUT, file_size, is_litter, open_file

LONGEST = 2 * MOST_CHARACTERS  # characters of a line
LARGE, MOST_UNPACKED = 2**30, 200
"""A file that unpacks to more bytes, and to so many times its own, holds no texts that anyone has written."""


MOST_BLANK, NOTHING = 2**24, b" \t\r\n\0"
"""Blank bytes one after another, as many as no file holds between texts: their lines would be read for minutes."""


class Lines:
    """Lines of a text stream, without byte-order marks before them.

    A line that is longer than `LONGEST` is read past, and comes as one cell that is longer than any may be.

    Args:
        stream: Opened with `newline=""`, so that lines keep their ends.
        mark: Name of the encoding that a byte-order mark at the start says; None where there is none.

    Attributes:
        number: Number of the last line, counted from 1.
        characters: Characters of all lines so far.
        mark: As given.
        marks: Byte-order marks met before other lines than the first: files were joined.
        quotes: Double quotes met; counted by whoever sets `counting`.
        counting: Whether they are counted.
        recent: Lines since it was last cleared; None unless a list is put here.
    """

    def __init__(self, stream: io.TextIOWrapper, mark: str | None = None) -> None:
        self.number = self.characters = self.marks = 0
        self.encoding, self.mark = stream.encoding.removesuffix("-sig"), mark
        self._stream = stream
        self._ahead, self._broken = deque[str](), list[UnicodeError]()
        self.quotes, self.counting = 0, False
        self.recent: list[str] | None = None
        self._last, self._quotes_beyond = "", 0

    @property
    def last_quotes(self) -> int:
        """Double quotes in the last line."""
        return self._last.count('"') + self._quotes_beyond

    def peek(self, count: int, characters: int = MOST_CHARACTERS) -> list[str]:
        """The next lines, which stay the next ones: so many, or with so many characters; a longer one ends them."""
        left = characters - sum(map(len, self._ahead))
        while len(self._ahead) < count and left > 0 and (line := self._read_sound()):
            self._ahead.append(line)
            left -= len(line)
            if len(line) == LONGEST:
                break
        return list(islice(self._ahead, count))

    def __iter__(self) -> Iterator[str]:
        while line := self._ahead.popleft() if self._ahead else self._read():
            self.number += 1
            self.characters += len(line)
            self._last, self._quotes_beyond = line, 0
            shown = line if len(line) < LONGEST else self._pass_by(line)
            if self.counting:
                self.quotes += self.last_quotes
            if self.recent is not None:
                self.recent.append(shown)
            yield shown

    def _read(self) -> str:
        if self._broken:
            raise self._broken[0]
        line = self._stream.readline(LONGEST)
        if line.startswith(MARK):
            self.marks += 1
            line = line.lstrip(MARK) or "\n"
        return line

    def _read_sound(self) -> str:
        """The next line; none where bytes break the encoding, which is for whoever gets there."""
        try:
            return self._read()
        except UnicodeError as error:
            self._broken.append(error)
            return ""

    def _pass_by(self, line: str) -> str:
        while line and line[-1] not in "\r\n":
            line = self._stream.readline(LONGEST)
            self._quotes_beyond += line.count('"')
        return "x" * (MOST_CHARACTERS + 1) + "\n"


MARK = "\ufeff"

AT_ONCE = 2**16  # bytes unpacked together

DAMAGE = (OSError, EOFError, ValueError, RuntimeError, zlib.error, zipfile.BadZipFile)

Buffered = Any  # an io.BufferedReader of whatever lies below

_MARKS = {  # the longer ones first: one is the start of another
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
    codecs.BOM_UTF8: "utf-8",
}

PACKED = {b"\x1f\x8b": ".gz", b"\x28\xb5\x2f\xfd": ".zst"}
"""How compressed files begin, whatever their names."""


@contextmanager
def opened(path: str, say: Say) -> Iterator[Buffered]:
    """Open a file's content; what is compressed with gzip or zstd says so itself, whatever its name.

    Args:
        path: Path of the file.
        say: Takes a line about files of an archive that are left out.

    Raises:
        UserError: an archive holds none or several files.
    """
    with ExitStack() as stack:
        plain: Buffered
        if path == STANDARD_INPUT:
            plain, named = io.BufferedReader(_Borrowed(sys.stdin.buffer)), ""
        else:
            plain, named = stack.enter_context(open_file(path)), os.path.splitext(path)[1].lower()
        start = plain.peek(4)
        ending = next((ending for magic, ending in PACKED.items() if start.startswith(magic)), named)
        if stream := _decompressed(ending, path, plain, stack, say):
            plain = io.BufferedReader(_Unpacked(stack.enter_context(stream), path), AT_ONCE)
        yield plain


@contextmanager
def seekable(stream: Buffered) -> Iterator[BinaryIO]:
    """Copy what a stream holds to a temporary file."""
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(stream, file)
        file.seek(0)
        yield file


@contextmanager
def as_lines(stream: Buffered, encoding: str | None) -> Iterator[Lines]:
    """Read bytes as lines; a byte-order mark decides where no encoding is given.

    Raises:
        UserError: there is no such encoding.
    """
    start = stream.peek(4)[:4]
    bytes_of_mark = next((mark for mark in _MARKS if start.startswith(mark)), b"")
    marked = _MARKS.get(bytes_of_mark)
    stream.read(len(bytes_of_mark))
    try:
        # Bytes that are not of the encoding become lone surrogates, so that a bad row can be told from the others.
        name = _encoding(encoding, marked)
        text = io.TextIOWrapper(stream, encoding=name, errors="surrogateescape", newline="")
    except (LookupError, ValueError):
        raise UserError(
            f"--encoding {encoding!r} is unknown; known are utf-8, utf-16, cp1252, latin-1, ..."
        ) from None
    with text:
        yield Lines(text, marked)


def _encoding(named: str | None, marked: str | None) -> str:
    """The encoding to read with: the named one, but in UTF-16 and UTF-32 a mark knows the order of bytes."""
    name = codecs.lookup(named).name if named else marked or "utf-8"
    name = name.removesuffix("-sig")  # the mark is read already
    return marked if marked and marked[:6] == name[:6] else name


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


class ByteRange(_Borrowed):
    """The bytes of a file from one place to another, behind others that are read first."""

    def __init__(self, stream: Any, start: int, stop: int, before: bytes = b"") -> None:
        super().__init__(stream)
        stream.seek(start)
        self._left, self._before = stop - start, before

    def readinto(self, buffer: Any) -> int:  # noqa: D102  # as every raw stream has it
        if self._before:
            count = min(len(buffer), len(self._before))
            buffer[:count], self._before = self._before[:count], self._before[count:]
            return count
        count = super().readinto(memoryview(buffer)[: self._left])
        self._left -= count
        return count


class _Unpacked(_Borrowed):
    """What a file unpacks to, unless it never ends; a stream of standard input is the user's own."""

    def __init__(self, stream: Any, path: str) -> None:
        super().__init__(stream)
        size = 0 if path == STANDARD_INPUT else file_size(path)
        self._path, self._left = path, max(LARGE, size * MOST_UNPACKED) if size else float("inf")
        self._blank = 0

    def readinto(self, buffer: Any) -> int:
        try:
            count = super().readinto(buffer)
        except OSError as error:
            if "too much memory" not in str(error):  # as pyarrow calls a window that it refuses
                raise
            raise UserError(
                f"{self._path} was packed with `zstd --long`, with a window above 128 MB; unpack it first: "
                f"`zstd -d --long=31 {shlex.quote(self._path)}`"
            ) from None
        self._left -= count
        if self._left < 0:
            raise UserError(
                f"{self._path} unpacks to more than {MOST_UNPACKED} times its size; if you trust it, unpack it first"
            )
        # most pieces hold a letter, which ends the look at them
        self._blank = 0 if bytes(buffer[:count]).strip(NOTHING) else self._blank + count
        if self._blank > MOST_BLANK:
            raise UserError(f"{self._path} unpacks to more than {MOST_BLANK:,} bytes of nothing but blanks")
        return count


def _decompressed(ending: str, path: str, plain: Buffered, stack: ExitStack, say: Say) -> Any:
    """What a file unpacks to; None where nothing is packed."""
    if ending == ".gz":
        return gzip.GzipFile(fileobj=plain)
    if ending == ".zst":
        return pa.CompressedInputStream(pa.PythonFile(plain, "r"), "zstd")
    return _member(path, stack.enter_context(zipfile.ZipFile(plain)), say) if ending == ".zip" else None


def _member(path: str, archive: zipfile.ZipFile, say: Say) -> Any:
    """The only table of an archive."""
    members = [name for name in archive.namelist() if not name.endswith(("/", "\\"))]
    names = [name for name in members if not is_litter(name)]
    tables = [name for name in names if os.path.splitext(name)[1].lower() in ENDINGS]
    names = tables if len(tables) == 1 else names  # beside a README, a licence, ...
    if len(names) != 1:
        listed = f" ({', '.join(name[-80:] for name in names[:5])}, ...)" if names else ""
        raise UserError(
            f"{path} holds {len(names)} files{listed}; one is wanted: unpack it, and name the right one"
        )
    if others := [name for name in members if name != names[0]]:
        more = ", ..." if len(others) > 3 else ""
        say(f"{path}: {names[0]} is read, what lies beside it is not: {', '.join(others[:3])}{more}")
    return archive.open(names[0])
