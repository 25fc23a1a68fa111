"""Our own reader of shards, on arrays that zarr-python or TensorStore wrote."""

import os
from collections.abc import Callable
from pathlib import Path

import ml_dtypes  # noqa: F401  (teaches NumPy the name bfloat16)
import numpy as np
import pytest
import zarr
from zarr.codecs import BytesCodec, Crc32cCodec, ShardingCodec

from headstart.cache.storage.shards import ShardError, read_shards, shards_of

CHUNK, SHARD = 4, 12


def foreign(folder: Path, values: np.ndarray) -> None:
    """Let zarr-python write an array in our layout."""
    tail = values.shape[1:]
    sharding = ShardingCodec(
        chunk_shape=(CHUNK, *tail),
        codecs=[BytesCodec(), Crc32cCodec()],
        index_codecs=[BytesCodec(), Crc32cCodec()],
    )
    store = {"store": str(folder), "shape": values.shape, "dtype": values.dtype, "zarr_format": 3}
    config = {"write_empty_chunks": True}
    array = zarr.create(**store, chunks=(SHARD, *tail), codecs=[sharding], config=config, fill_value=0)
    array[:] = values


def read(folder: Path, shape: tuple[int, ...]) -> np.ndarray:
    target = np.full(shape, 7, np.float32)
    read_shards(list(shards_of(str(folder), target, SHARD, CHUNK)))
    return target


@pytest.mark.parametrize("rows", [1, 4, 5, 11, 12, 13, 40])
@pytest.mark.parametrize("tail", [(), (3,), (3, 5)])
def test_shards_that_zarr_python_wrote(tmp_path: Path, rows: int, tail: tuple[int, ...]) -> None:
    values = np.random.default_rng(rows).standard_normal((rows, *tail), np.float32)
    values[: rows // 2] = 0
    foreign(tmp_path / "a", values)
    np.testing.assert_array_equal(read(tmp_path / "a", values.shape), values)


def shard(folder: Path, number: int) -> Path:
    return folder / "c" / str(number) / "0"


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (lambda path: flip(path, 3), "checksum"),
        (lambda path: flip(path, -9), "checksum"),  # in the index
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "truncated"),
        (lambda path: path.write_bytes(path.read_bytes() + b"x"), "checksum"),
        (lambda path: path.write_bytes(b""), "truncated"),
        (lambda path: path.unlink(), "missing"),
        (lambda path: (path.unlink(), path.symlink_to("/dev/zero")), "missing"),
        (lambda path: (path.unlink(), os.mkfifo(path)), "truncated"),
    ],
)
@pytest.mark.parametrize("number", [0, 2])
def test_damage_has_a_name(tmp_path: Path, damage: Callable[[Path], object], kind: str, number: int) -> None:
    foreign(tmp_path / "a", np.random.default_rng(0).standard_normal((29, 3), np.float32))
    damage(shard(tmp_path / "a", number))
    with pytest.raises(ShardError) as error:
        read(tmp_path / "a", (29, 3))
    assert (error.value.kind, error.value.folder) == (kind, str(tmp_path / "a"))
