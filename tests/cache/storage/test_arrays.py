"""Arrays: what lies on disk, read with json and zarr-python, and what of it is refused."""

import json
import shutil
from pathlib import Path

import ml_dtypes  # noqa: F401  (teaches NumPy the name bfloat16)
import numpy as np
import pytest
import zarr

from headstart.cache.storage import arrays
from headstart.cache.storage.arrays import (
    DamagedError,
    check_size,
    expected_metadata,
    open_array,
    read_array,
    read_arrays,
    stored_bytes,
    write_array,
)
from headstart.cache.storage.store import StorageError, Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "cache"))


def numbers(*shape: int, dtype: str = "float16") -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "int64", "uint8"])
def test_zarr_python_reads_what_was_written(store: Store, dtype: str) -> None:
    values = (100 * numbers(700, 3)).astype(dtype)
    write_array(store, "split/a", values)
    if dtype != "bfloat16":  # which zarr-python does not know
        actual = zarr.open_array(f"{store.location}/split/a", mode="r", zarr_format=3)[:]
        np.testing.assert_array_equal(actual, values)
    np.testing.assert_array_equal(read_array(store, "split/a", values.shape, values.dtype), values)


def test_every_chunk_carries_a_crc(store: Store) -> None:
    write_array(store, "a", numbers(5, 3))
    metadata = json.loads((Path(store.location) / "a/zarr.json").read_text())
    assert metadata == expected_metadata((5, 3), "float16")
    (codec,) = metadata["codecs"]
    inner = [step["name"] for step in codec["configuration"]["codecs"]]
    assert (codec["name"], inner) == ("sharding_indexed", ["bytes", "crc32c"])


def test_a_long_array_is_several_files(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "SHARD_ROWS", 8)
    monkeypatch.setattr(arrays, "CHUNK_ROWS", 4)
    # Or other tests would get metadata of the patched sizes.
    monkeypatch.setattr(arrays, "expected_metadata", expected_metadata.__wrapped__)
    values = numbers(43, 3)
    write_array(store, "a", values)
    assert sum(path.is_file() for path in (Path(store.location) / "a/c").rglob("*")) == 6
    np.testing.assert_array_equal(read_array(store, "a", values.shape, values.dtype), values)


@pytest.mark.parametrize(
    "shape",
    [*((rows, 3) for rows in (1, 511, 512, 513, 131_072, 140_000)), (1, 150, 3), (900, 150, 2), (5, 700, 2)],
)
def test_the_size_on_disk_is_known_beforehand(tmp_path: Path, shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).standard_normal(shape).astype(np.float16)
    write_array(Store(str(tmp_path)), "a", values)
    actual = sum(path.stat().st_size for path in (tmp_path / "a/c").rglob("*") if path.is_file())
    assert actual == stored_bytes(values.shape, values.dtype)


def test_some_rows_are_read_without_the_rest(store: Store) -> None:
    values = numbers(3000, 3)
    write_array(store, "a", values)
    array = open_array(store, "a", values.shape, values.dtype)
    np.testing.assert_array_equal(array[700:1300].read().result(), values[700:1300])


def test_arrays_are_read_into_their_places(store: Store) -> None:
    parts = [numbers(4, 3), numbers(600, 3), numbers(1, 3)]
    for number, part in enumerate(parts):
        write_array(store, str(number), part)
    whole = np.zeros((605, 3), np.float16)
    read_arrays(store, ["0", "1", "2"], np.split(whole, [4, 604]))
    np.testing.assert_array_equal(whole, np.concatenate(parts))


def test_zeros_are_written_and_their_loss_is_damage(store: Store) -> None:
    write_array(store, "a", np.zeros((700, 3), np.float16))
    assert not read_array(store, "a", (700, 3), np.dtype("float16")).any()
    shutil.rmtree(Path(store.location) / "a/c")
    for read in (open_array, read_array):
        with pytest.raises(DamagedError, match=r"a is damaged \(missing\): 0 bytes on disk"):
            read(store, "a", (700, 3), np.dtype("float16"))


@pytest.mark.parametrize(("shape", "dtype"), [((5, 4), "float16"), ((5, 3), "float32"), ((4, 3), "float16")])
@pytest.mark.parametrize("read", [open_array, read_array])
def test_an_array_of_another_shape_or_dtype_is_refused(
    store: Store, read: object, shape: tuple[int, ...], dtype: str
) -> None:
    write_array(store, "a", numbers(5, 3))
    with pytest.raises(DamagedError) as error:
        read(store, "a", shape, np.dtype(dtype))
    assert error.value.kind in ("metadata", "truncated")


def test_memory_is_not_allocated_for_what_is_not_there(store: Store) -> None:
    write_array(store, "a", numbers(5, 3))
    with pytest.raises(DamagedError, match="are wanted") as error:
        check_size(store, "a", (10**12, 3), np.dtype("float16"))
    assert error.value.kind == "truncated"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    with pytest.raises(StorageError, match=r"cache cannot be read or written"):
        write_array(Store(str(tmp_path / "cache")), "a", numbers(5, 3))
