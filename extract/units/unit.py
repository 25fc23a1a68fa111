"""Units of work: parts of data files that can be read apart, found without reading them.

A Parquet file's footer says where its row groups lie; lines of JSON, or of tab-separated cells without quotes, can be
cut behind any line's end. What is compressed, and CSV, in which a quoted cell may hold the end of a line, is one unit.
"""

import codecs
import hashlib
import itertools
import os
from collections.abc import Generator, Iterator, Sequence
from typing import BinaryIO, NamedTuple

from headstart.cache.recipe import canonical_json
from headstart.cache.runtime.errors import UserError
from headstart.extract.settings import TableFormat
from headstart.extract.tables.batch import Say, TableBatch
from headstart.extract.tables.files import (
    COMPRESSIONS,
    HUB,
    STANDARD_INPUT,
    ending,
    expand,
    file_size,
    open_file,
)
from headstart.extract.tables.header import separator_of
from headstart.extract.tables.reader import read_part, silent
from headstart.extract.tables.source import ROWS, Choose, Part, TableSource
from headstart.extract.tables.streams import PACKED

RANGE_BYTES = 2**26
"""Bytes of lines that are one unit: some minutes of an encoder's work on a CPU, seconds on an accelerator."""
PROBE = 4096
"""Bytes at both ends of lines by which changed ones are told."""
FOOTER_END = 8
"""Last bytes of a Parquet file: the length of its footer, and a magic number."""
LINES = (".jsonl", ".ndjson")
CUT_SAFELY = (None, "utf-8", "utf8", "ascii", "cp1252", "latin-1", "iso-8859-1")
"""Encodings in which a byte 10 is the end of a line and nothing else; None is UTF-8, unless a mark says otherwise."""

UNCUT = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE, *PACKED)
"""First bytes of files that cannot be cut, whatever their names: of UTF-16 and UTF-32, and of what is compressed."""


class Unit(NamedTuple):
    """A part of the data that is read, computed and committed apart.

    Attributes:
        number: Its place among all units.
        file: Path of its file.
        source: Number of its file.
        part: Its rows; None is the whole file.
        first: Number of the first row, above those of the units before: how many rows these have where all footers
            say so, else how many bytes.
        rows: How many there are; None where nobody knows before they are read.
        size: Bytes that are read, about.
        mark: SHA-256 of what tells it from others without reading it: its place, and its file's footer, or size and
            both ends.
    """

    number: int
    file: str
    source: int
    part: Part | None
    first: int
    rows: int | None
    size: int
    mark: str

    @property
    def name(self) -> str:
        """Name for people."""
        if self.part is None:
            return self.file
        kind = "row group" if self.part.kind == "groups" else "bytes from"
        return f"{self.file} ({kind} {self.part.start:,})"


def units_of(data: str | Sequence[str], table_format: TableFormat) -> list[Unit]:
    """Cut files into units.

    Raises:
        UserError: one is not there, not of its format, or cannot be read twice.
    """
    units: list[Unit] = []
    for source, file in enumerate(expand(data)):
        if file == STANDARD_INPUT or file.startswith(HUB):
            raise UserError(f"--worker reads files, each worker its part of them; {file} is none")
        for unit in _units_of_file(file, table_format):
            first = units[-1].first + (units[-1].rows or units[-1].size) if units else 0
            units.append(unit._replace(number=len(units), source=source, first=first))
    return units


def read_unit(
    unit: Unit, table_format: TableFormat, choose: Choose, say: Say = silent
) -> Generator[TableBatch]:
    """Read a unit's rows, whose positions are above those of all units before.

    Raises:
        UserError: the file is damaged.
    """
    for batch in read_part(TableSource(unit.file, unit.name, choose, ROWS, table_format, say, unit.part)):
        if batch.met > (unit.rows or unit.size):  # their positions would be those of the next unit's rows
            raise UserError(f"{unit.name} holds more rows than bytes: unpack it first")
        yield batch._replace(source=unit.source, before=unit.first)


def describe_whole(units: Sequence[Unit]) -> str | None:
    """Say which large files are one unit each, and what to do about it; None where there are none."""
    whole = [unit.file for unit in units if unit.part is None and unit.size > RANGE_BYTES]
    if not whole:
        return None
    return (
        f"{len(whole):,} large files are one unit each, which one worker reads alone, such as {whole[0]}: compressed "
        "text and CSV cannot be cut without reading it; as Parquet each row group is a unit"
    )


def _units_of_file(file: str, table_format: TableFormat) -> Iterator[Unit]:
    kind = ending(file)
    if kind == ".parquet" and file.lower().endswith(kind):
        return _row_groups(file)
    packed = os.path.splitext(file.lower())[1] in COMPRESSIONS
    encoding = table_format.encoding.lower() if table_format.encoding else None
    plain = not packed and encoding in CUT_SAFELY
    if plain and (kind in LINES or (kind == ".tsv" and table_format.quoting == "none")):
        return _line_ranges(file, has_header=kind == ".tsv" and not table_format.no_header)
    with open_file(file) as stream:
        return iter([_whole(file, stream)])


def _whole(file: str, stream: BinaryIO) -> Unit:
    size = file_size(file)
    return _unit(file, None, None, size, size, _ends(stream, 0, size))


def _row_groups(file: str) -> Iterator[Unit]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with open_file(file) as stream:
        footer = _footer(stream)
    try:
        metadata = pq.read_metadata(pa.BufferReader(footer))
    except pa.ArrowException as error:
        raise UserError(f"{file} cannot be read: {' '.join(str(error).split())}") from None
    digest = hashlib.sha256(footer).hexdigest()
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        if group.num_rows:
            columns = range(group.num_columns)
            size = sum(group.column(place).total_compressed_size for place in columns)
            part = Part("groups", number, number + 1, footer=metadata)
            yield _unit(file, part, group.num_rows, size, digest)


def _footer(stream: BinaryIO) -> bytes:
    """A Parquet file's footer, which names size and place of every column of every row group."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - FOOTER_END))
    length = int.from_bytes(stream.read(4), "little")
    stream.seek(max(0, size - FOOTER_END - length))
    return stream.read(length + FOOTER_END)


def _line_ranges(file: str, has_header: bool) -> Iterator[Unit]:
    with open_file(file) as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(0)
        if stream.read(4).startswith(UNCUT):
            yield _whole(file, stream)
            return
        stream.seek(0)
        header = _header(stream) if has_header else b""
        cuts = [0, *(_line_end(stream, place) for place in range(RANGE_BYTES, size, RANGE_BYTES)), size]
        cuts = sorted(set(cuts))
        for start, stop in itertools.pairwise(cuts):
            part = Part("bytes", start, stop, header.removeprefix(codecs.BOM_UTF8) if start else b"")
            yield _unit(file, part, None, stop - start, size, _ends(stream, start, stop))


def _header(stream: BinaryIO) -> bytes:
    """The line that names the columns, and those before it: blank ones, and Excel's `sep=`."""
    header = b""
    while line := stream.readline():
        header += line
        text = line.removeprefix(codecs.BOM_UTF8).decode("latin-1").strip("\r\n ")
        if text.strip() and not separator_of(text):
            break
    return header


def _line_end(stream: BinaryIO, place: int) -> int:
    """Where the next line starts that does not start before a place."""
    stream.seek(place - 1)
    while (piece := stream.readline(PROBE)) and not piece.endswith(b"\n"):
        pass
    return stream.tell()


def _ends(stream: BinaryIO, start: int, stop: int) -> str:
    """SHA-256 of the first and the last bytes of a range."""
    digest = hashlib.sha256()
    for place in (start, max(start, stop - PROBE)):
        stream.seek(place)
        digest.update(stream.read(min(PROBE, stop - place)))
    return digest.hexdigest()


def _unit(file: str, part: Part | None, rows: int | None, size: int, *content: object) -> Unit:
    place = None if part is None else [part.kind, part.start, part.stop]
    mark = hashlib.sha256(canonical_json([place, rows, size, *content]).encode()).hexdigest()
    return Unit(0, file, 0, part, 0, rows, size, mark)
