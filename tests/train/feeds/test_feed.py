"""All feeds against the split itself, row by row and token by token."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from headstart.cache import UserError, open_cache
from headstart.train.engine.passes import Passes
from headstart.train.feeds.feed import DeviceFeed, HostFeed
from headstart.train.feeds.memory import Plan
from headstart.train.feeds.open import feature_bytes, open_feed
from headstart.train.feeds.rows import CacheRows, HeldRows
from headstart.train.feeds.sampler import Wanted
from headstart.train.feeds.stream import COPIES, StreamFeed
from headstart.train.feeds.table import batch_of, gathered, table_bytes

SEEDS, BATCH = 2, 4


@pytest.fixture
def passes():
    return Passes([], SEEDS)


def wanted(tokens=True, pooled=True, batching="bucket"):
    return Wanted(tokens, pooled, BATCH, SEEDS, batching)


def rows_of(split, chunks):
    """Which rows come in each seed's batches, found by their pooled vectors; every field is checked on the way."""
    found = [[] for _ in range(SEEDS)]
    for table, batches, steps, _ in chunks:
        for seed, own in enumerate(batches[:, :steps]):
            for places in own:
                found[seed].append(batch_rows(split, batch_of(table, jax.numpy.asarray(places))))
    return found


def batch_rows(split, batch):
    rows = []
    for place in range(len(batch.labels)):
        (row,) = np.flatnonzero((split.pooled == np.asarray(batch.pooled[place])).all(axis=(1, 2)))
        own = np.asarray(batch.hidden)[batch.starts[place] :][: batch.lengths[place]]
        np.testing.assert_array_equal(own, split.tokens(row))
        assert batch.labels[place] == split.labels[row]
        rows.append(int(row) if batch.weights[place] else -1)
    return rows


def feeds(split, passes, want):
    yield DeviceFeed(split, want, passes)
    yield HostFeed(split, want, passes, 2000)
    yield StreamFeed(HeldRows(split), want, passes, 12_000)


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("rows", [3, 4, 42])
def test_evaluation_covers_every_row_once_for_each_seed(make_split, passes, rows, place):
    split = make_split(rows, seed=rows)
    feed = list(feeds(split, passes, wanted()))[place]
    for found in rows_of(split, feed.evaluate()):
        assert sorted(row for batch in found for row in batch if row >= 0) == list(range(rows))


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("batching", ["bucket", "exact"])
def test_training_sees_each_row_at_most_once_and_leaves_out_an_incomplete_batch(
    make_split, passes, batching, place
):
    split = make_split(42, seed=1)
    feed = list(feeds(split, passes, wanted(batching=batching)))[place]
    first, again = (rows_of(split, feed.train(1)) for _ in range(2))
    assert first == again
    assert first[0] != first[1]
    assert first != rows_of(split, feed.train(2))
    for found in first:
        seen = [row for batch in found for row in batch]
        assert len(set(seen)) == len(seen) == 40


def test_host_memory_gives_the_batches_of_device_memory(make_split, passes):
    split = make_split(42, seed=2)
    device, host, _ = feeds(split, passes, wanted())
    assert rows_of(split, device.train(3)) == rows_of(split, host.train(3))


def test_chunks_of_a_feed_have_one_shape(make_split, passes):
    split = make_split(42, seed=3)
    for feed in feeds(split, passes, wanted()):
        chunks = list(feed.train(1))
        shapes = {str(jax.tree.map(np.shape, (chunk.table, chunk.batches))) for chunk in chunks}
        assert len(shapes) == 1
    assert len(chunks) > 2


def test_a_stream_holds_less_than_its_limit(make_split, passes):
    split = make_split(90, seed=4)
    whole = feature_bytes([split], wanted())
    limit = whole // 4
    feed = StreamFeed(HeldRows(split), wanted(), passes, limit)
    tables = [table_bytes(chunk.table) for epoch in (1, 2) for chunk in feed.train(epoch)]
    assert whole / 20 < COPIES * max(tables) == feed.held <= limit


def test_a_stream_reads_neighbours_in_another_order_each_epoch(make_split, passes):
    split = make_split(90, seed=5)
    feed = StreamFeed(HeldRows(split), wanted(batching="exact"), passes, 12_000)
    orders = [rows_of(split, feed.train(epoch))[0] for epoch in (1, 2)]
    assert orders[0] != orders[1]


def test_a_limit_that_holds_nothing(make_split, passes):
    with pytest.raises(UserError, match="holds no 3 batches of 4 rows; give at least"):
        StreamFeed(HeldRows(make_split(42)), wanted(), passes, 100)


@pytest.mark.parametrize("mode", ["device", "host", "stream"])
def test_what_no_head_reads_is_not_held(make_split, passes, mode):
    split = make_split(42)
    split.hidden = None if mode != "host" else split.hidden
    feed = open_feed(split, wanted(tokens=False), passes, Plan(mode, 10_000, ""))
    assert all(chunk.table.hidden is None for chunk in feed.evaluate())
    tokens = open_feed(make_split(42), wanted(pooled=False), passes, Plan(mode, 10_000, ""))
    assert all(chunk.table.pooled is None for chunk in tokens.evaluate())


def test_rows_are_read_from_the_middle_of_a_cache(written_cache):
    split = open_cache(str(written_cache)).split("train")
    rows = CacheRows(split)
    ends = np.concatenate([[0], np.cumsum(split.lengths)])
    for start, stop in ((0, 3), (2, 9), (7, 20), (0, 20), (19, 20)):
        np.testing.assert_array_equal(rows.read("pooled", start, stop), split.pooled[start:stop])
        np.testing.assert_array_equal(
            rows.read("hidden", start, stop), split.hidden[ends[start] : ends[stop]]
        )


def test_damage_is_found_while_streaming(written_cache):
    (file,) = (written_cache / "train" / "00001" / "hidden").glob("c/0/*")
    content = bytearray(file.read_bytes())
    content[10] ^= 1
    file.write_bytes(content)
    rows = CacheRows(open_cache(str(written_cache)).split("train"))
    rows.read("hidden", 0, 8)
    with pytest.raises(UserError, match="is damaged"):
        rows.read("hidden", 8, 12)


def test_halves_reach_the_device_as_bits_of_bfloat16(make_split):
    split = make_split(12, seed=3)
    table = gathered(split, None, Wanted(True, True, 4, 1, "exact"))
    placed = Passes([], 1, halves=True).place(table)
    assert placed.hidden.dtype == np.uint16
    found = jax.lax.bitcast_convert_type(placed.hidden, jnp.bfloat16).astype(np.float32)
    np.testing.assert_array_equal(found, jnp.asarray(split.hidden).astype(jnp.bfloat16).astype(np.float32))
    np.testing.assert_array_equal(placed.pooled, table.pooled)
