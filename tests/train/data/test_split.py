"""One contract for a cache's split and every view of one: rows read alone are the rows of the whole."""

import numpy as np
import pytest

from headstart.cache import open_cache
from headstart.train.data.open import open_split
from headstart.train.data.split import Split
from headstart.train.data.views import Concat, Subset


@pytest.fixture(params=["stored", "subset", "backwards", "concat", "fold", "viewed"])
def split(request, written_cache, viewed_cache):
    stored = open_cache(str(written_cache)).split("train")
    concat = Concat([stored, stored], lambda part: stored)
    return {
        "stored": stored,
        "subset": Subset(stored, np.flatnonzero(np.arange(20) % 3 > 0)),
        "backwards": Subset(stored, np.arange(20)[::-1]),
        "concat": concat,
        "fold": Subset(concat, np.random.default_rng(0).permutation(40)[:30]),
        "viewed": open_split(viewed_cache, "train"),
    }[request.param]


def test_every_split_keeps_the_protocol(split):
    assert isinstance(split, Split)
    rows = len(split.labels)
    assert [len(values) for values in (split.lengths, split.pooled, split.rows, split.texts)] == [rows] * 4
    assert split.hidden.shape == (split.lengths.sum(), split.width)
    assert split.pooled.shape == (rows, 3, split.width)
    assert split.hidden.itemsize == split.pooled.itemsize == split.itemsize


def test_rows_read_alone_are_those_of_the_whole(split):
    ends = np.concatenate([[0], np.cumsum(split.lengths)])
    count = len(split.labels)
    for start, stop in ((0, 3), (2, 9), (7, count), (0, count), (count - 1, count)):
        np.testing.assert_array_equal(split.read("pooled", start, stop), split.pooled[start:stop])
        np.testing.assert_array_equal(
            split.read("hidden", start, stop), split.hidden[ends[start] : ends[stop]]
        )
