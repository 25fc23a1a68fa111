"""Feeds read back: which rows come in each seed's batches."""

import jax
import numpy as np
import pytest

from headstart.train.feeds.sampler import FeedSpec
from headstart.train.feeds.table import batch_of

SEEDS, BATCH = 2, 4


def spec_of(tokens=True, pooled=True, batching="bucket"):
    return FeedSpec(tokens, pooled, BATCH, SEEDS, batching)


def rows_of(split, chunks):
    """Which rows come in each seed's batches, found by their pooled vectors; every field is checked on the way."""
    found = [[] for _ in range(SEEDS)]
    for table, batches, steps, *_ in chunks:
        for seed, own in enumerate(batches[:, :steps]):
            for places in own:
                found[seed].append(batch_rows(split, batch_of(table, jax.numpy.asarray(places))))
    return found


def batch_rows(split, batch):
    rows = []
    for place in range(len(batch.labels)):
        (row,) = np.flatnonzero((split.pooled == np.asarray(batch.pooled[place])).all(axis=(1, 2)))
        tokens = np.asarray(batch.hidden)[batch.starts[place] :][: batch.lengths[place]]
        np.testing.assert_array_equal(tokens, split.tokens(row))
        assert batch.labels[place] == split.labels[row]
        rows.append(int(row) if batch.weights[place] else -1)
    return rows


@pytest.fixture
def place():
    return jax.device_put
