import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.train.feeds.sampler import epoch_order
from tests.oracles.padded_training import eval_batches, train_batches

BATCH = 4


def rows_of(batches, split):
    """Which rows came, found by their pooled vectors; filler rows are left out."""
    seen = [pooled for batch in batches for pooled in batch.pooled[batch.weights > 0]]
    return [int(np.flatnonzero((split.pooled == pooled).all(axis=(1, 2)))[0]) for pooled in seen]


@given(st.integers(0, 50), st.integers(0, 9), st.integers(1, 60))
def test_an_order_is_a_permutation_that_depends_on_seed_and_epoch_only(rows, seed, epoch):
    order = epoch_order(rows, seed, epoch)
    assert sorted(order) == list(range(rows))
    np.testing.assert_array_equal(order, epoch_order(rows, seed, epoch))


def test_orders_differ_between_epochs_and_seeds():
    orders = {tuple(epoch_order(30, seed, epoch)) for seed in range(3) for epoch in range(1, 6)}
    assert len(orders) == 15


def test_training_drops_the_incomplete_batch_only(make_split):
    split = make_split(11, seed=2)
    batches = list(train_batches(split, BATCH, seed=5, epoch=3))
    assert [len(batch.labels) for batch in batches] == [4, 4]
    assert rows_of(batches, split) == epoch_order(11, 5, 3)[:8].tolist()


def test_rows_left_out_come_in_another_epoch(make_split):
    split = make_split(7, seed=2)
    came = [set(rows_of(train_batches(split, BATCH, 0, epoch), split)) for epoch in range(1, 12)]
    assert all(len(rows) == 4 for rows in came)
    assert set.union(*came) == set(range(7))


@pytest.mark.parametrize("rows", [1, 3, 4, 5, 7, 8, 13])
def test_evaluation_covers_each_row_exactly_once_in_order(make_split, rows):
    split = make_split(rows, seed=rows)
    batches = list(eval_batches(split, BATCH))
    assert rows_of(batches, split) == list(range(rows))
    assert len({batch.labels.shape for batch in batches}) == 1
    assert sum(batch.weights.sum() for batch in batches) == rows


@pytest.mark.parametrize("make", [lambda s: train_batches(s, 50, 0, 1), lambda s: eval_batches(s, 50)])
def test_a_small_split_makes_one_batch_of_all_its_rows(make_split, make):
    split = make_split(6, seed=4)
    (batch,) = make(split)
    assert sorted(rows_of([batch], split)) == list(range(6))
    assert batch.weights.tolist() == [1] * 6


@pytest.mark.parametrize("make", [lambda s: train_batches(s, 3, 1, 2), lambda s: eval_batches(s, 3)])
def test_fields_belong_to_the_same_row(make_split, make):
    split = make_split(8, seed=6)
    for batch in make(split):
        for place, row in enumerate(rows_of([batch], split)):
            np.testing.assert_array_equal(batch.hidden[place][batch.mask[place]], split.tokens(row))
            assert batch.labels[place] == split.labels[row]
            assert batch.mask[place].tolist() == [t < split.lengths[row] for t in range(batch.mask.shape[1])]


def test_filler_rows_are_real_rows_of_weight_zero(make_split):
    *_, last = eval_batches(make_split(5, seed=1), BATCH)
    assert last.weights.tolist() == [1, 0, 0, 0]
    assert last.mask.any(axis=1).all()


def test_types_are_those_of_storage(make_split):
    batch = next(train_batches(make_split(5), BATCH, 0, 1))
    types = [batch.hidden, batch.mask, batch.pooled, batch.labels, batch.weights]
    assert [field.dtype.name for field in types] == ["float16", "bool", "float16", "float32", "float32"]


def test_a_head_without_tokens_needs_no_hidden_states(make_split):
    split = make_split(5)
    split.hidden = None
    for batch in [*train_batches(split, 2, 0, 1, tokens=False), *eval_batches(split, 2, tokens=False)]:
        assert batch.hidden is None
        assert batch.mask is None
        assert len(jax.tree.leaves(batch)) == 3


def test_no_rows_make_no_batches(make_split):
    assert list(eval_batches(make_split(0), BATCH, tokens=False)) == []
