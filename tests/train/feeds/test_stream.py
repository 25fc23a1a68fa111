import pytest

from headstart.cache import UserError
from headstart.train.feeds.open import feature_bytes
from headstart.train.feeds.stream import COPIES, StreamFeed
from headstart.train.feeds.table import table_bytes

from .conftest import rows_of, spec_of


def test_a_stream_holds_less_than_its_limit(make_split, place):
    split = make_split(90, seed=4)
    whole = feature_bytes([split], spec_of())
    limit = whole // 4
    feed = StreamFeed(split, spec_of(), place, limit)
    tables = [table_bytes(chunk.table) for epoch in (1, 2) for chunk in feed.train(epoch)]
    assert whole / 20 < COPIES * max(tables) == feed.held <= limit


def test_a_stream_reads_neighbours_in_another_order_each_epoch(make_split, place):
    split = make_split(90, seed=5)
    feed = StreamFeed(split, spec_of(batching="exact"), place, 12_000)
    orders = [rows_of(split, feed.train(epoch))[0] for epoch in (1, 2)]
    assert orders[0] != orders[1]


def test_a_stream_reads_windows_alone(make_split, place):
    split = make_split(42, seed=6)
    read, spans = split.read, []

    def counted(field, start, stop):
        spans.append((field, start, stop))
        return read(field, start, stop)

    split.read = counted
    for _ in StreamFeed(split, spec_of(), place, 12_000).evaluate():
        pass
    assert {field for field, *_ in spans} == {"hidden", "pooled"}
    assert all(stop - start <= 4 for _, start, stop in spans)
    assert sorted(span for span in spans if span[0] == "hidden") == [
        ("hidden", start, min(start + 4, 42)) for start in range(0, 42, 4)
    ]


def test_a_limit_that_holds_nothing(make_split, place):
    with pytest.raises(UserError, match="holds no 3 batches of 4 rows; give at least"):
        StreamFeed(make_split(42), spec_of(), place, 100)
