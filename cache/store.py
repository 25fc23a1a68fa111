"""One folder or object-store prefix, seen through TensorStore: small JSON files and Zarr v3 arrays."""

import json
import os
from typing import Any

import numpy as np
import tensorstore as ts

from cache.errors import CacheError

JSON_LIMIT = 64 * 2**20  # bytes; the manifest of a hundred thousand blocks is below it
SHARD_ROWS = 16_384  # one file: few enough files for 100 million rows, several to read in parallel
CHUNK_ROWS = 512  # one CRC32C: small enough that a random row costs little more than its own bytes

_LITTLE = {"name": "bytes", "configuration": {"endian": "little"}}
_CHECKED = [_LITTLE, {"name": "crc32c"}]


class Store:
    """Files below one location: a local folder, or a URL that TensorStore knows (`gs://`, `s3://`)."""

    def __init__(self, location: str) -> None:
        self.location = location.rstrip("/")
        self._context = ts.Context()
        self._root = ts.KvStore.open(_root_spec(self.location), context=self._context).result()

    @property
    def name(self) -> str:
        """The last part of the location: the cache's name."""
        return os.path.basename(os.path.abspath(self.location))

    def read_json(self, name: str) -> dict[str, Any] | None:
        """Read a JSON object; None where there is no such file.

        Raises:
            CacheError: the file is too large, or holds no JSON object.
        """
        self._refuse_large(name)
        found = self._root.read(name).result()
        if found.state != "value":
            return None
        try:
            value = json.loads(found.value)
        except (ValueError, RecursionError) as error:
            raise CacheError(f"{self.location}/{name} is not JSON ({error})") from None
        if not isinstance(value, dict):
            raise CacheError(f"{self.location}/{name} holds no JSON object")
        return value

    def write_json(self, name: str, value: dict[str, Any]) -> None:
        """Write a JSON object; it appears whole or not at all (TensorStore renames, or puts one object)."""
        self._root.write(name, json.dumps(value, indent=1, allow_nan=False).encode() + b"\n").result()

    def delete(self, prefix: str) -> None:
        """Remove every file whose name starts with `prefix`."""
        self._root.delete_range(ts.KvStore.KeyRange(prefix, _after(prefix))).result()

    def files(self) -> list[str]:
        """Names of all files below the location."""
        return sorted(key.decode() for key in self._root.list().result())

    def write_array(self, name: str, values: np.ndarray) -> None:
        """Write an array as sharded Zarr v3, little-endian, with a CRC32C on every chunk."""
        spec = self._array_spec(name) | {"metadata": _metadata(values)}
        array = ts.open(spec, create=True, delete_existing=True, context=self._context).result()
        array.write(values).result()

    def open_array(self, name: str, shape: tuple[int, ...], dtype: np.dtype) -> ts.TensorStore:
        """Open an array that must have this shape and dtype; its chunks are checked as they are read.

        Raises:
            CacheError: it is missing, or is not the array that the manifest describes.
        """
        try:
            array = ts.open(self._array_spec(name), context=self._context).result()
        except ValueError as error:
            raise CacheError(f"{self.location}/{name} cannot be opened: {_brief(error)}") from None
        if array.shape != shape or array.dtype.numpy_dtype != dtype:
            raise CacheError(
                f"{self.location}/{name} is {array.dtype.name}{list(array.shape)}, "
                f"the manifest says {dtype.name}{list(shape)}"
            )
        return array

    def _array_spec(self, name: str) -> dict[str, Any]:
        return {"driver": "zarr3", "kvstore": (self._root / f"{name}/").spec().to_json()}

    def _refuse_large(self, name: str) -> None:
        path = os.path.join(self.location, name)
        if os.path.exists(path) and os.path.getsize(path) > JSON_LIMIT:
            raise CacheError(f"{path} is larger than {JSON_LIMIT} bytes: not a file of a feature cache")


def read_into(target: np.ndarray, array: ts.TensorStore) -> ts.WriteFutures:
    """Start reading a whole array into `target`: memory that exists already is filled at twice the speed."""
    return ts.array(target).write(array)


def damaged(location: str, name: str, error: Exception) -> CacheError:
    """Return the error for an array whose bytes cannot be trusted."""
    return CacheError(f"{location}/{name} is damaged: {_brief(error)}")


def _root_spec(location: str) -> str | dict[str, str]:
    """Return TensorStore's name for a location; a path is no URL, it may hold any character."""
    if "://" in location:
        return f"{location}/"
    return {"driver": "file", "path": os.path.abspath(location) + "/"}


def _metadata(values: np.ndarray) -> dict[str, Any]:
    rows = max(1, values.shape[0])
    chunk = min(CHUNK_ROWS, rows)
    shard = min(SHARD_ROWS, -(-rows // chunk) * chunk)
    return {
        "shape": list(values.shape),
        "data_type": values.dtype.name,
        "chunk_grid": _regular([shard, *values.shape[1:]]),
        "codecs": [{"name": "sharding_indexed", "configuration": _shard([chunk, *values.shape[1:]])}],
    }


def _regular(shape: list[int]) -> dict[str, Any]:
    return {"name": "regular", "configuration": {"chunk_shape": shape}}


def _shard(chunk: list[int]) -> dict[str, Any]:
    return {"chunk_shape": chunk, "codecs": _CHECKED, "index_codecs": _CHECKED, "index_location": "end"}


def _after(prefix: str) -> str:
    """Return the first key that sorts after every key with this prefix."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def _brief(error: Exception) -> str:
    """Return TensorStore's message without the spec that it repeats."""
    return str(error).split(" [")[0].splitlines()[0]
