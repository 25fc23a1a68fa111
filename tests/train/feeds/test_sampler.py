import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.train.feeds.sampler import WINDOW, FeedSpec, LayerViews, epoch_order, eval_plan, train_plan

LENGTHS = np.random.default_rng(0).integers(1, 151, 2000).astype(np.int32)


@given(st.integers(0, 50), st.integers(0, 9), st.integers(1, 60))
def test_an_order_is_a_permutation_that_depends_on_seed_and_epoch_only(rows, seed, epoch):
    order = epoch_order(rows, seed, epoch)
    assert sorted(order) == list(range(rows))
    np.testing.assert_array_equal(order, epoch_order(rows, seed, epoch))


def test_orders_differ_between_epochs_and_seeds():
    orders = {tuple(epoch_order(30, seed, epoch)) for seed in range(3) for epoch in range(1, 6)}
    assert len(orders) == 15


def test_a_spec_plans_for_each_seed():
    spec = FeedSpec(True, True, 64, 3, "bucket")
    for seed, plan in enumerate(spec.train(LENGTHS, 5)):
        np.testing.assert_array_equal(plan, train_plan(LENGTHS, 64, seed, 5, "bucket"))
    for plan in spec.evaluate(LENGTHS):
        np.testing.assert_array_equal(plan, eval_plan(LENGTHS, 64))


def test_exact_is_the_shuffled_rows_in_order():
    order = epoch_order(2000, 3, 7)
    np.testing.assert_array_equal(train_plan(LENGTHS, 64, 3, 7, "exact").ravel(), order[: 31 * 64])


def test_bucket_batches_hold_the_rows_of_exact_ones():
    bucket, exact = (train_plan(LENGTHS, 64, 3, 7, how) for how in ("bucket", "exact"))
    assert bucket.shape == exact.shape
    assert sorted(bucket.ravel()) == sorted(exact.ravel())


def test_bucket_batches_are_of_like_length_but_come_in_any_order():
    longest = [LENGTHS[rows].max() for rows in train_plan(LENGTHS, 64, 0, 1, "bucket")]
    shortest = [LENGTHS[rows].min() for rows in train_plan(LENGTHS, 64, 0, 1, "bucket")]
    spans = np.subtract(longest, shortest)
    assert spans.mean() < 2 * 150 / WINDOW
    assert (np.diff(longest) < 0).sum() > 5  # sorted windows one after another would fall once


def test_a_window_s_rows_are_drawn_from_the_whole_split():
    """Rows of a batch share a window of shuffled rows: the split's order must not show."""
    (batch, *_) = train_plan(LENGTHS, 64, 0, 1, "bucket")
    assert batch.min() < 200
    assert batch.max() > 1800


@pytest.mark.parametrize("how", ["bucket", "exact"])
def test_a_plan_depends_on_seed_and_epoch_only(how):
    plan = train_plan(LENGTHS, 64, 1, 2, how)
    np.testing.assert_array_equal(plan, train_plan(LENGTHS, 64, 1, 2, how))
    for seed, epoch in ((1, 3), (2, 2)):
        assert (plan != train_plan(LENGTHS, 64, seed, epoch, how)).any()


@pytest.mark.parametrize("how", ["bucket", "exact"])
@pytest.mark.parametrize(
    ("rows", "shape"), [(1, (1, 1)), (5, (1, 5)), (8, (1, 8)), (17, (2, 8)), (200, (25, 8))]
)
def test_only_an_incomplete_batch_is_left_out(how, rows, shape):
    plan = train_plan(LENGTHS[:rows], 8, 0, 1, how)
    assert plan.shape == shape
    assert len(set(plan.ravel())) == plan.size


@pytest.mark.parametrize("rows", [1, 7, 8, 9, 100])
def test_evaluation_covers_each_row_once_by_length(rows):
    plan = eval_plan(LENGTHS[:rows], 8)
    kept = plan[plan >= 0]
    assert sorted(kept) == list(range(rows))
    assert (np.diff(LENGTHS[kept]) >= 0).all()
    assert plan.shape == (-(-rows // 8), min(8, rows))
    assert (plan.ravel()[rows:] == -1).all()


def test_heads_on_layers_have_a_deal_of_their_own():
    views = LayerViews((0, 1), (2,))

    def deals(tokens, pooled, batching, layers=views):
        return FeedSpec(tokens, pooled, 8, 2, batching, layers).deals

    assert deals(True, True, "bucket", LayerViews()) == ("bucket",)
    assert deals(False, False, "bucket") == deals(True, True, "exact") == ("exact",)
    assert deals(True, False, "bucket") == deals(False, True, "bucket") == ("bucket", "exact")
    side_by_side = FeedSpec(True, False, 8, 2, "bucket", views).train(LENGTHS[:50], 3)
    for seed in range(2):
        plans = [train_plan(LENGTHS[:50], 8, seed, 3, how) for how in ("bucket", "exact")]
        np.testing.assert_array_equal(side_by_side[seed], np.concatenate(plans, axis=1))
        assert set(plans[0].ravel()) == set(plans[1].ravel())
