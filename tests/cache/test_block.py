"""Blocks and their records, against hashlib, JSON and shapes written by hand."""

import dataclasses
import hashlib
import json

import ml_dtypes  # noqa: F401  (teaches NumPy the name bfloat16)
import numpy as np
import pytest

from headstart.cache import CacheError
from headstart.cache.block import (
    Block,
    BlockRecord,
    Sizes,
    array_dtype,
    array_shape,
    block_name,
    check_block,
    digest,
    read_record,
    write_record,
)

from .conftest import RECIPE, WIDTH, random_block

PADDED = random_block(3, 1)._replace(hidden=np.zeros((3, 20, WIDTH), np.float16))
PADDED_RECIPE = dataclasses.replace(RECIPE, layout="padded")


@pytest.mark.parametrize("dtype", ["int32", "uint8", "float16", "bfloat16"])
def test_a_digest_is_that_of_little_endian_bytes_in_c_order(dtype: str) -> None:
    values = np.arange(24).reshape(4, 6).astype(dtype)
    expected = hashlib.sha256(values.tobytes()).hexdigest()
    assert digest(values) == expected
    assert digest(np.asfortranarray(values)) == expected
    assert digest(np.repeat(values, 2, axis=0)[::2]) == expected
    if dtype != "bfloat16":
        assert digest(values.astype(np.dtype(dtype).newbyteorder(">"))) == expected


@pytest.mark.parametrize(
    ("field", "columns", "positions", "shape"),
    [
        ("hidden", 0, 0, (11, WIDTH)),
        ("hidden", 0, 20, (3, 20, WIDTH)),
        ("pooled", 0, 20, (3, 3, WIDTH)),
        ("labels", 0, 0, (3,)),
        ("labels", 4, 0, (3, 4)),
        ("texts", 0, 0, (50,)),
        ("rows", 4, 20, (3,)),
        ("lengths", 4, 20, (3,)),
    ],
)
def test_shapes_by_hand(field: str, columns: int, positions: int, shape: tuple[int, ...]) -> None:
    assert array_shape(field, Sizes(3, 11, 50, columns, positions), WIDTH) == shape


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("kind", ["ragged", "padded", "pooled"])
def test_a_record_knows_the_shapes_and_dtypes_of_its_arrays(kind: str, several: bool) -> None:
    block = PADDED if kind == "padded" else random_block(3, 1)
    block = block._replace(hidden=None) if kind == "pooled" else block
    block = block._replace(labels=np.zeros((3, 4), np.int32)) if several else block
    record = BlockRecord.of(block_name(7), 30, block)
    assert (record.name, record.start, record.layout) == ("00007", 30, kind)
    assert set(record.arrays) == set(block.arrays)
    for field, values in block.arrays.items():
        assert record.shape(field, WIDTH) == values.shape
        assert array_dtype(field, "float16") == values.dtype
        assert record.sha256[field] == digest(values)


def test_a_record_there_and_back() -> None:
    record = BlockRecord.of(block_name(2), 8, random_block(4, 1))
    fields = json.loads(json.dumps(write_record(record, "key", "train")))
    assert read_record(dict(fields), "key", "train", "00002") == record
    for place, says in [
        (("other", "train", "00002"), "belongs to a cache of another recipe"),
        (("key", "valid", "00002"), "is that of train/00002"),
        (("key", "train", "00003"), "is that of train/00002"),
    ]:
        with pytest.raises(CacheError, match=says):
            read_record(dict(fields), *place)
    with pytest.raises(CacheError, match=r"block.json was changed"):
        read_record(fields | {"rows": 5}, "key", "train", "00002")


@pytest.mark.parametrize(
    ("block", "says"),
    [
        (random_block(3, 1)._replace(lengths=np.zeros(3, np.int32)), "lengths do not add up"),
        (random_block(3, 1)._replace(hidden=np.zeros((1, WIDTH), np.float16)), "lengths do not add up"),
        (random_block(3, 1)._replace(labels=np.zeros(2, np.int32)), "disagree about the number of rows"),
        (random_block(3, 1)._replace(texts=np.zeros(2, np.uint8)), "not one text for each row"),
        (random_block(3, 1)._replace(hidden=None), "not those of the layout 'ragged'"),
        (PADDED, "not those of the layout 'ragged'"),
        (PADDED._replace(hidden=np.zeros((2, 20, WIDTH), np.float16)), "lengths do not add up"),
        (PADDED._replace(lengths=np.array([1, 21, 1], np.int32)), "lengths do not add up"),
    ],
)
def test_a_block_that_does_not_add_up_is_refused(block: Block, says: str) -> None:
    padded = block.hidden is not None and block.hidden.ndim == 3 and "ragged" not in says
    with pytest.raises(CacheError, match=says):
        check_block(block, PADDED_RECIPE if padded else RECIPE)
    check_block(PADDED, PADDED_RECIPE)
    check_block(random_block(3, 1), RECIPE)
