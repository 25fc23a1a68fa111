"""Arrays as sharded Zarr v3, uncompressed, little-endian, with a CRC32C on every chunk."""

import functools
import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorstore as ts

from headstart.cache.runtime.errors import CacheError
from headstart.cache.storage.groups import METADATA, axis_names
from headstart.cache.storage.shards import Shard, ShardError, read_shards, shards_of
from headstart.cache.storage.store import StorageError, Store

# One file, mostly a whole block: a cold disk reads few large files twice as fast as many.
SHARD_ROWS = 131_072
CHUNK_ROWS = 512  # one CRC32C: small enough that a random row costs little more than its own bytes
BYTES_PER_ROW = 128  # of text, when a chunk of bytes is laid out
_CRC = 4  # bytes of a CRC32C
_INDEX_ENTRY = 16  # bytes: offset and length of a chunk

_CHECKED = [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}]

# What TensorStore says of a damaged file, and what we call it.
_KINDS = (
    ("is missing", "missing"),
    ("does not exist", "missing"),
    ("Not enough data", "truncated"),
    ("Unexpected end", "truncated"),
    ("is less than", "truncated"),
    ("outside valid range", "truncated"),
    ("", "checksum"),
)

_UNREACHED = ("retry attempts failed", "PERMISSION_DENIED", "UNAUTHENTICATED", "CURL error", "NoSuchBucket")


class DamagedError(CacheError):
    """An array whose bytes cannot be trusted.

    Attributes:
        kind: `missing`, `truncated`, `checksum`, `metadata` or `unsafe`.
    """

    def __init__(self, path: str, kind: str, detail: str) -> None:
        super().__init__(
            f"{path} is damaged ({kind}): {detail}; `python -m cache verify` lists all damage, `repair` mends it"
        )
        self.kind = kind
        self.detail = detail


def write_array(store: Store, name: str, values: np.ndarray) -> None:
    """Write an array; zeros too, so that a chunk that is not there is damage and not a run of zeros.

    Raises:
        StorageError: the location cannot be written, for example because the disk is full.
    """
    metadata = _metadata(values.shape, values.dtype.name)
    if names := axis_names(name, values.ndim):
        metadata["dimension_names"] = names
    spec = {**_spec(store, name, metadata), "store_data_equal_to_fill_value": True}
    try:
        # A server's answer may get lost, and TensorStore asks again: then what it sees is what it wrote.
        array = ts.open(spec, create=True, open=not store.local, context=store.context).result()
        # No copy: nobody changes the values any more, and a block is large.
        array.write(values, can_reference_source_data_indefinitely=True).result()
    except (ValueError, OSError) as error:
        raise StorageError(store.location, error) from None


def open_array(store: Store, name: str, shape: tuple[int, ...], dtype: np.dtype) -> ts.TensorStore:
    """Open an array, to read some of it; nothing is allocated, chunks are checked when they are read.

    Raises:
        DamagedError: it is missing, or its metadata are not the ones that `write_array` writes.
        CacheError: it holds links or pipes.
    """
    check_size(store, name, shape, dtype)
    _check_metadata(store, name, shape, dtype)
    # Zarr reads a missing chunk as zeros; here it is an error.
    spec = {**_spec(store, name, expected_metadata(shape, dtype.name)), "fill_missing_data_reads": False}
    return ts.open(spec, assume_metadata=True, open=True, context=store.context).result()


def read_arrays(store: Store, names: Sequence[str], targets: Sequence[np.ndarray]) -> None:
    """Read whole arrays into memory that has their shapes and dtypes; every chunk is checked.

    Raises:
        DamagedError: the bytes of one cannot be trusted.
    """
    if store.local:
        pairs = zip(names, targets, strict=True)
        shards = [shard for name, target in pairs for shard in _shards(store, name, target)]
        try:
            read_shards(shards)
        except ShardError as error:
            raise DamagedError(error.folder, error.kind, error.detail) from None
        except OSError as error:  # the disk, not the data
            raise StorageError(store.location, error) from None
    else:
        arrays = [open_array(store, name, t.shape, t.dtype) for name, t in zip(names, targets, strict=True)]
        reads = [ts.array(target).write(array) for target, array in zip(targets, arrays, strict=True)]
        for name, read in zip(names, reads, strict=True):  # all at once: an object store answers slowly
            _finish(read, store.path(name), store.location)


def read_array(store: Store, name: str, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Read a whole array; every chunk is checked.

    Raises:
        DamagedError: its bytes cannot be trusted.
    """
    check_size(store, name, shape, dtype)
    values = np.empty(shape, dtype)
    read_arrays(store, [name], [values])
    return values


def check_size(store: Store, name: str, shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Refuse an array with fewer bytes on disk than it claims to hold, before memory is allocated for it."""
    stored, needed = store.local_bytes(f"{name}/c"), stored_bytes(shape, dtype)
    if stored is not None and stored < needed:
        kind = "truncated" if stored else "missing"
        raise DamagedError(store.path(name), kind, f"{stored} bytes on disk, {needed} are wanted")


@functools.lru_cache(maxsize=256)
def expected_metadata(shape: tuple[int, ...], dtype: str) -> Any:
    """Return the parsed zarr.json that `write_array` writes for such an array, but for the names of its axes."""
    spec = {"driver": "zarr3", "kvstore": {"driver": "memory"}, "metadata": _metadata(shape, dtype)}
    files = ts.open(spec, create=True).result().kvstore
    return json.loads(files.read(METADATA).result().value) if files else None


def stored_bytes(shape: tuple[int, ...], dtype: np.dtype) -> int:
    """Bytes of all shards of an array: whole chunks with their checksums, and an index at each shard's end."""
    shard, chunk = _grid(shape, dtype.name)
    chunks, shards = -(-shape[0] // chunk), -(-shape[0] // shard)
    row = int(np.prod(shape[1:])) * dtype.itemsize
    return chunks * (chunk * row + _CRC) + shards * (shard // chunk * _INDEX_ENTRY + _CRC)


def _check_metadata(store: Store, name: str, shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Check that the array's zarr.json is the very one that `write_array` writes; early ones name no axes."""
    metadata = store.read_json(f"{name}/{METADATA}")
    if metadata is None:
        raise DamagedError(store.path(name), "missing", "there is no zarr.json")
    if metadata.get("dimension_names") == axis_names(name, len(shape)):
        metadata.pop("dimension_names", None)
    if metadata != expected_metadata(shape, dtype.name):
        detail = f"zarr.json does not describe {dtype.name}{list(shape)}"
        raise DamagedError(store.path(name), "metadata", detail)


def _shards(store: Store, name: str, target: np.ndarray) -> Iterator[Shard]:
    _check_metadata(store, name, target.shape, target.dtype)
    return shards_of(store.path(name), target, *_grid(target.shape, target.dtype.name))


def _finish(read: ts.WriteFutures, path: str, location: str) -> None:
    try:
        read.result()
    except (ValueError, OSError) as error:
        if any(words in str(error) for words in _UNREACHED):  # the network or the rights, not the data
            raise StorageError(location, error) from None
        text = str(error).split(" [")[0].splitlines()[0]
        kind = next(kind for words, kind in _KINDS if words in text)
        raise DamagedError(path, kind, text) from None


def _grid(shape: tuple[int, ...], dtype: str) -> tuple[int, int]:
    """Rows of a shard and of a chunk; a byte of a text is no row, and 512 of them are too few for a checksum."""
    rows, more = max(1, shape[0]), BYTES_PER_ROW if dtype == "uint8" else 1
    vectors = math.prod(shape[1:-1])  # of a row; one of padded hidden states has hundreds
    chunk = min(max(1, CHUNK_ROWS * more // vectors), rows)
    most = max(1, SHARD_ROWS * more // (vectors * chunk)) * chunk
    return min(most, -(-rows // chunk) * chunk), chunk


def _spec(store: Store, name: str, metadata: dict[str, Any]) -> dict[str, Any]:
    return {"driver": "zarr3", "kvstore": store.kvstore(name), "metadata": metadata}


def _metadata(shape: tuple[int, ...], dtype: str) -> dict[str, Any]:
    shard, chunk = _grid(shape, dtype)
    checked = {"codecs": _CHECKED, "index_codecs": _CHECKED, "index_location": "end"}
    sharding = {"chunk_shape": [chunk, *shape[1:]], **checked}
    return {
        "shape": list(shape),
        "data_type": dtype,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [shard, *shape[1:]]}},
        "codecs": [{"name": "sharding_indexed", "configuration": sharding}],
    }
