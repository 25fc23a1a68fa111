import jax.numpy as jnp
import numpy as np

from headstart.train.feeds.table import batch_of, fill, padded, table_bytes, table_of, take

from .conftest import spec_of


def test_a_table_holds_what_the_heads_read_without_a_copy(make_split):
    split = make_split(9, seed=1)
    table = table_of(split, spec_of())
    assert table.hidden is split.hidden
    assert table.pooled is split.pooled
    assert table.labels.dtype == np.float32
    assert table.starts.tolist() == [split.lengths[:row].sum() for row in range(9)]
    assert table_bytes(table) == split.hidden.nbytes + split.pooled.nbytes
    split.hidden = None
    without = table_of(split, spec_of(tokens=False))
    assert without.hidden is None
    assert table_bytes(without) == split.pooled.nbytes
    assert table_of(make_split(9), spec_of(pooled=False)).pooled is None


def test_some_rows_of_a_table_are_a_table_of_theirs(make_split):
    split, rows = make_split(9, seed=2), np.array([7, 0, 3])
    some = take(table_of(split, spec_of()), rows)
    for place, row in enumerate(rows):
        tokens = some.hidden[some.starts[place] :][: some.lengths[place]]
        np.testing.assert_array_equal(tokens, split.tokens(row))
        np.testing.assert_array_equal(some.pooled[place], split.pooled[row])
        assert some.labels[place] == split.labels[row]
    assert len(some.hidden) == split.lengths[rows].sum()


def test_a_filled_up_table_keeps_its_rows(make_split):
    table = table_of(make_split(5, seed=3), spec_of())
    full = padded(table, 300, 8)
    assert (len(full.hidden), len(full.lengths)) == (300, 8)
    for part, whole in zip(table[:5], full[:5], strict=True):
        np.testing.assert_array_equal(whole[: len(part)], part)
    assert full.layers is full.standard is None
    assert (full.lengths[5:] == 1).all()  # a row without tokens would make a mean NaN


def test_filler_rows_are_real_rows_of_weight_zero(make_split):
    split = make_split(5, seed=4)
    batch = batch_of(table_of(split, spec_of()), jnp.array([2, -1, 4]))
    assert batch.weights.tolist() == [1, 0, 1]
    assert batch.lengths.tolist() == split.lengths[[2, 0, 4]].tolist()
    np.testing.assert_array_equal(batch.pooled, split.pooled[[2, 0, 4]])


def test_one_axis_is_lengthened():
    part = np.arange(6).reshape(2, 3)
    assert fill(part, 3).tolist() == [[0, 1, 2], [3, 4, 5], [-1, -1, -1]]
    assert fill(part, 4, axis=1, value=7).tolist() == [[0, 1, 2, 7], [3, 4, 5, 7]]
    assert fill(part, 2) is part
