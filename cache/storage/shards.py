"""Read whole local arrays straight into their place, checking every CRC32C.

TensorStore reads any storage and any part of an array, but copies each chunk twice on the way: from a warm page
cache it reached a fifth of the speed of a plain .npy file. Our shards are uncompressed, so the kernel can put
their chunks where they belong, and only the checksums are left to do. `cache.storage.arrays` takes this way for local
folders, and TensorStore's for object stores and single rows.

Reference: the codecs `sharding_indexed` and `crc32c` of the Zarr v3 specification.
"""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import crc32c
import numpy as np

THREADS = 4  # a cold disk wants several reads under way, a warm one no more than there are cores
CRC = 4  # bytes of a CRC32C
ENTRY = 16  # bytes of an index entry: offset and length, both little-endian uint64
FIRST = 4096  # bytes of a file's first read: Linux's read-ahead grows well from a small one (0.85 -> 0.99 of np.load)


class ShardError(Exception):
    """A shard that cannot be trusted.

    Attributes:
        kind: `missing`, `truncated` or `checksum`.
        detail: the rest, for people.
        folder: folder of the array.
    """

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.folder = kind, detail, ""


class Shard(NamedTuple):
    """A shard and the memory that it fills.

    Attributes:
        folder: folder of the array.
        path: path of the shard's file.
        part: rows of the array that the shard holds, C-contiguous.
        slots: number of chunks that would fill the shard.
        chunk_rows: rows of a chunk.
    """

    folder: str
    path: str
    part: np.ndarray
    slots: int
    chunk_rows: int


def shards_of(folder: str, target: np.ndarray, shard_rows: int, chunk_rows: int) -> Iterator[Shard]:
    """Yield the shards `folder/c/<i>/0...` of an array that is sharded along its first axis only.

    Args:
        folder: folder of the array.
        target: `[n, ...]`, C-contiguous, of the array's shape and dtype.
        shard_rows: rows of a shard.
        chunk_rows: rows of a chunk; divides `shard_rows`.
    """
    tail = ["0"] * (target.ndim - 1)
    for number, start in enumerate(range(0, len(target), shard_rows)):
        path = os.path.join(folder, "c", str(number), *tail)
        yield Shard(folder, path, target[start : start + shard_rows], shard_rows // chunk_rows, chunk_rows)


def read_shards(shards: Sequence[Shard]) -> None:
    """Fill the parts of all shards, several at once.

    Raises:
        ShardError: a shard is missing, has another size, or fails a checksum.
    """
    if len(shards) == 1:
        _read_named(shards[0])
    else:
        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(_read_named, shards))  # a list, so that an error is raised here


def _read_named(shard: Shard) -> None:
    try:
        _read_shard(shard)
    except ShardError as error:
        error.folder = shard.folder
        raise


def _read_shard(shard: Shard) -> None:
    _, path, part, slots, chunk_rows = shard
    chunks = [part[start : start + chunk_rows] for start in range(0, len(part), chunk_rows)]
    chunk_bytes = chunk_rows * part[:1].nbytes
    size = len(chunks) * (chunk_bytes + CRC) + slots * ENTRY + CRC
    file = _open(path, size)
    try:
        offsets = _read_index(file, size, slots, len(chunks), chunk_bytes)
        os.preadv(file, [bytearray(FIRST)], 0)
        _read_chunks(file, chunks, offsets, chunk_bytes)
    finally:
        os.close(file)


def _open(path: str, size: int) -> int:
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # a pipe must not block
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            raise
        raise ShardError("missing", f"{path}: {error.strerror}") from None
    status = os.fstat(file)
    stored = status.st_size if stat.S_ISREG(status.st_mode) else 0
    if stored != size:
        os.close(file)
        kind = "truncated" if stored < size else "checksum"
        raise ShardError(kind, f"{path} has {stored} bytes, {size} are wanted")
    return file


def _read_index(file: int, size: int, slots: int, used: int, chunk_bytes: int) -> list[int]:
    """Return the offset of every chunk."""
    index = bytearray(slots * ENTRY + CRC)
    _read_fully(file, [index], size - len(index))
    _check(crc32c.crc32c(index[:-CRC]), bytes(index[-CRC:]), "the index")
    entries = np.frombuffer(index[:-CRC], "<u8").reshape(slots, 2)[:used]
    if (entries[:, 1] != chunk_bytes + CRC).any() or (entries[:, 0] > size - chunk_bytes - CRC).any():
        raise ShardError("checksum", "the index points beyond the chunks")
    return [int(offset) for offset in entries[:, 0]]


def _read_chunks(file: int, chunks: list[np.ndarray], offsets: list[int], chunk_bytes: int) -> None:
    """Read chunks into their places and check each while the processor still has it in its cache."""
    padding = bytearray(chunk_bytes - chunks[-1].nbytes)  # a last chunk is stored in full
    for number, (chunk, offset) in enumerate(zip(chunks, offsets, strict=True)):
        body, checksum = chunk.reshape(-1).view(np.uint8).data, bytearray(CRC)
        rest = padding if number == len(chunks) - 1 else bytearray()
        _read_fully(file, [body, rest, checksum], offset)
        _check(crc32c.crc32c(rest, crc32c.crc32c(body)), bytes(checksum), f"chunk {number}")


def _read_fully(file: int, pieces: list[memoryview | bytearray], offset: int) -> None:
    """Fill all pieces; a network file system, or a signal, may let one call read less."""
    left = [memoryview(piece) for piece in pieces if len(piece)]
    while left:
        done = os.preadv(file, left, offset)
        if done == 0:
            raise ShardError("truncated", f"the file ends at byte {offset}")
        offset += done
        while left and done >= len(left[0]):
            done -= len(left.pop(0))
        if done:
            left[0] = left[0][done:]


def _check(value: int, stored: bytes, what: str) -> None:
    if value != int.from_bytes(stored, "little"):
        raise ShardError("checksum", f"{what} fails its CRC32C")
