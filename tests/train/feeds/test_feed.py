"""All feeds against the split itself, row by row and token by token."""

import jax
import numpy as np
import pytest

from headstart.train.feeds.feed import DeviceFeed, HostFeed, SubsetFeed, ViewFeed, held_bytes
from headstart.train.feeds.stream import StreamFeed

from .conftest import rows_of, spec_of


def feeds(split, place, spec):
    yield DeviceFeed(split, spec, place)
    yield HostFeed(split, spec, place, 2000)
    yield StreamFeed(split, spec, place, 12_000)


@pytest.mark.parametrize("which", range(3))
@pytest.mark.parametrize("rows", [3, 4, 42])
def test_evaluation_covers_every_row_once_for_each_seed(make_split, place, rows, which):
    split = make_split(rows, seed=rows)
    feed = list(feeds(split, place, spec_of()))[which]
    for found in rows_of(split, feed.evaluate()):
        assert sorted(row for batch in found for row in batch if row >= 0) == list(range(rows))


@pytest.mark.parametrize("which", range(3))
@pytest.mark.parametrize("batching", ["bucket", "exact"])
def test_training_sees_each_row_at_most_once_and_leaves_out_an_incomplete_batch(
    make_split, place, batching, which
):
    split = make_split(42, seed=1)
    feed = list(feeds(split, place, spec_of(batching=batching)))[which]
    first, again = (rows_of(split, feed.train(1)) for _ in range(2))
    assert first == again
    assert first[0] != first[1]
    assert first != rows_of(split, feed.train(2))
    for found in first:
        seen = [row for batch in found for row in batch]
        assert len(set(seen)) == len(seen) == 40


def test_host_memory_gives_the_batches_of_device_memory(make_split, place):
    split = make_split(42, seed=2)
    device, host, _ = feeds(split, place, spec_of())
    assert rows_of(split, device.train(3)) == rows_of(split, host.train(3))


def test_chunks_of_a_feed_have_one_shape(make_split, place):
    split = make_split(42, seed=3)
    for feed in feeds(split, place, spec_of()):
        chunks = list(feed.train(1))
        shapes = {str(jax.tree.map(np.shape, (chunk.table, chunk.batches))) for chunk in chunks}
        assert len(shapes) == 1
    assert len(chunks) > 2


@pytest.mark.parametrize("kind", [DeviceFeed, HostFeed])
def test_some_rows_are_drawn_from_the_features_of_all(make_split, place, kind):
    """As a feed of those rows alone would draw them; their numbers are those of the some."""
    split, index = make_split(42, seed=4), np.random.default_rng(0).permutation(42)[:17]
    base = kind(split, spec_of(), place, *[2000] * (kind is HostFeed))
    feed = SubsetFeed(base, index, spec_of())
    orders = [feed.spec.train(split.lengths[index], 5), feed.spec.evaluate(split.lengths[index])]
    for chunks, order in zip((feed.train(5), feed.evaluate()), orders, strict=True):
        numbers = []
        for chunk in chunks:
            places = chunk.batches[:, : chunk.steps]
            numbers.append(np.where(places >= 0, chunk.rows[places], -1))
            assert rows_of(split, [chunk]) == np.where(numbers[-1] >= 0, index[numbers[-1]], -1).tolist()
        np.testing.assert_array_equal(np.concatenate(numbers, axis=1), order)
    assert held_bytes(feed, SubsetFeed(base, index[:3], spec_of())) == base.held
    assert held_bytes(base, DeviceFeed(split, spec_of(), place)) == 2 * base.held


def test_views_come_in_turn(make_split, place):
    one, two = (DeviceFeed(make_split(8, seed), spec_of(), place) for seed in (5, 6))
    feed = ViewFeed([one, two], all_held=True)
    for epoch, view in ((1, one), (2, two), (3, one)):
        tables = [next(iter(source.train(epoch))).table for source in (feed, view)]
        assert tables[0].hidden is tables[1].hidden
    assert next(feed.evaluate()).table.hidden is next(one.evaluate()).table.hidden
    assert feed.held == one.held + two.held
    assert ViewFeed([one, two], all_held=False).held == max(one.held, two.held)
