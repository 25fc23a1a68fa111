import dataclasses

import numpy as np
import pytest

from headstart.train.data.views import Concat, DropoutViews, Subset
from headstart.train.feeds.memory import MemoryPlan
from headstart.train.feeds.moments import moments_of
from headstart.train.feeds.open import open_feed
from headstart.train.feeds.sampler import FeedSpec, LayerViews

VIEWS = LayerViews((0, 2), (1, 2))
SPEC = FeedSpec(False, False, 4, 2, "exact", VIEWS)


def layered(make_split, rows, seed=0, dtype=np.float32):
    """A split whose layers stand far from 0, one feature the same in all rows."""
    split = make_split(rows, seed)
    layers = np.random.default_rng(seed).normal(100, 0.5, (rows, 3, 3, split.width))
    layers[:, 2, 1, 3] = 7
    return dataclasses.replace(split, layers=layers.astype(dtype))


def check(moments, layers, tolerance=1e-3):
    values = layers[:, [0, 2]][:, :, [1, 2]].astype(np.float64)
    np.testing.assert_allclose(moments.mean, values.mean(axis=0), rtol=1e-5)
    deviation = values.std(axis=0)
    assert moments.scale[1, 0, 3] == deviation[1, 0, 3] == 0
    deviation[1, 0, 3] = np.inf
    np.testing.assert_allclose(moments.scale, 1 / deviation, rtol=tolerance)
    assert moments.rows == len(values)


@pytest.mark.parametrize("mode", ["device", "host", "stream"])
def test_moments_are_those_of_all_rows_wherever_they_live(make_split, place, mode):
    split = layered(make_split, 42)
    check(moments_of(open_feed(split, SPEC, place, MemoryPlan(mode, 20_000, ""))), split.layers)


def test_halves_are_added_as_floats(make_split, place):
    split = layered(make_split, 42, dtype=np.float16)
    check(moments_of(open_feed(split, SPEC, place, MemoryPlan("device", 20_000, ""))), split.layers)


def test_of_a_fold_its_rows_count_alone(make_split, place):
    split = layered(make_split, 42)
    index = np.arange(1, 42, 3)
    fold = Subset(Concat([split], lambda part: split), index)
    check(moments_of(open_feed(fold, SPEC, place, MemoryPlan("device", 20_000, ""))), split.layers[index])


def test_of_views_the_first_counts(make_split, place):
    first, second = layered(make_split, 20, 1), layered(make_split, 20, 2)
    views = DropoutViews(layered(make_split, 20), (first, second))
    check(moments_of(open_feed(views, SPEC, place, MemoryPlan("device", 20_000, ""))), first.layers)
