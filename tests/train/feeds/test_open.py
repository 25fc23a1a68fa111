import gc
import weakref

import numpy as np
import pytest

from headstart.cache import UserError
from headstart.train.data.views import Concat, DropoutViews, Subset
from headstart.train.feeds.feed import DeviceFeed, HostFeed, SubsetFeed, ViewFeed
from headstart.train.feeds.memory import MemoryPlan
from headstart.train.feeds.open import feature_bytes, held_plan, open_feed
from headstart.train.feeds.stream import StreamFeed

from .conftest import spec_of

MODES = {"device": DeviceFeed, "host": HostFeed, "stream": StreamFeed}


def folds_of(split):
    concat = Concat([split], lambda part: split)
    return [Subset(concat, np.arange(start, 42, 2)) for start in (0, 1)]


@pytest.mark.parametrize("mode", MODES)
def test_features_live_where_the_plan_says(make_split, place, mode):
    split = make_split(42)
    assert isinstance(open_feed(split, spec_of(), place, MemoryPlan(mode, 20_000, "")), MODES[mode])
    views = DropoutViews(split, (make_split(42, 1), make_split(42, 2)))
    feed = open_feed(views, spec_of(), place, MemoryPlan(mode, 20_000, ""))
    assert isinstance(feed, ViewFeed)
    assert (feed.held <= 20_000) == (mode == "stream")


@pytest.mark.parametrize("mode", MODES)
def test_what_no_head_reads_is_not_held(make_split, place, mode):
    split = make_split(42)
    split.hidden = None
    feed = open_feed(split, spec_of(tokens=False), place, MemoryPlan(mode, 10_000, ""))
    assert all(chunk.table.hidden is None for chunk in feed.evaluate())
    tokens = open_feed(make_split(42), spec_of(pooled=False), place, MemoryPlan(mode, 10_000, ""))
    assert all(chunk.table.pooled is None for chunk in tokens.evaluate())


@pytest.mark.parametrize("mode", ["device", "host"])
def test_folds_draw_from_one_feed_that_goes_with_their_rows(make_split, place, mode):
    folds = folds_of(make_split(42))
    plan = MemoryPlan(mode, 10_000, "")
    assert held_plan(folds[0]) is held_plan(make_split(42)) is None
    one, two = (open_feed(fold, spec_of(), place, plan) for fold in folds)
    assert held_plan(folds[1]) == plan
    assert isinstance(one, SubsetFeed)
    assert one.base is two.base
    gone = weakref.ref(one.base)
    del one, two, folds
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    ("why", "says"),
    [("as asked for", "leave out --memory stream"), ("all fit", "give a larger --memory-limit")],
)
def test_folds_cannot_be_streamed(make_split, place, why, says):
    with pytest.raises(UserError, match=says):
        open_feed(folds_of(make_split(42))[0], spec_of(), place, MemoryPlan("stream", 10_000, why))


def test_shared_features_are_counted_once_and_dropout_views_instead_of_their_split(make_split):
    split = make_split(42)
    size = split.hidden.nbytes + split.pooled.nbytes
    assert feature_bytes([split], spec_of()) == size
    assert feature_bytes([split], spec_of(tokens=False)) == split.pooled.nbytes
    assert feature_bytes(folds_of(split), spec_of()) == size
    views = DropoutViews(split, (make_split(42), make_split(42)))
    assert feature_bytes([views], spec_of()) == 2 * size
