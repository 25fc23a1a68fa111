"""Rows of a split that are read without the rest."""

from pathlib import Path

import numpy as np
import pytest

from headstart.cache import CacheError, open_cache


def test_rows_are_read_from_the_middle_of_a_split(cache_path: str) -> None:
    split = open_cache(cache_path).split("train")
    ends = np.concatenate([[0], np.cumsum(split.lengths)])
    for start, stop in ((0, 3), (2, 7), (4, 6), (0, 8), (7, 8)):
        np.testing.assert_array_equal(split.read("pooled", start, stop), split.pooled[start:stop])
        np.testing.assert_array_equal(
            split.read("hidden", start, stop), split.hidden[ends[start] : ends[stop]]
        )
    assert split.width == split.hidden.shape[1]
    assert split.itemsize == split.hidden.itemsize


def test_damage_is_found_where_it_is_read(cache_path: str) -> None:
    (file,) = (Path(cache_path) / "train" / "00001" / "hidden").glob("c/0/*")
    content = bytearray(file.read_bytes())
    content[10] ^= 1
    file.write_bytes(content)
    split = open_cache(cache_path).split("train")
    split.read("hidden", 0, 5)
    with pytest.raises(CacheError, match="is damaged"):
        split.read("hidden", 5, 7)
