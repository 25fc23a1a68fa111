"""The oracle against what is slower and more obvious still: one row, one token, one parameter at a time."""

import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

from headstart.train.engine.adam import init
from headstart.train.feeds.sampler import epoch_order
from tests.oracles.padded_training import (
    BUCKET,
    bucket_length,
    eval_batches,
    evaluate,
    pad_rows,
    predict_logits,
    train_batches,
    train_step,
)
from tests.train.conftest import linear, linear_params, make_split


def rows_of(batches, split):
    """Which rows came, found by their pooled vectors; filler rows are left out."""
    seen = [pooled for batch in batches for pooled in batch.pooled[batch.weights > 0]]
    return [int(np.flatnonzero((split.pooled == pooled).all(axis=(1, 2)))[0]) for pooled in seen]


def padded_slowly(hidden, lengths, rows):
    """Row by row and token by token."""
    length = bucket_length(max(int(lengths[row]) for row in rows), int(max(lengths)))
    padded = np.zeros((len(rows), length, hidden.shape[1]), hidden.dtype)
    mask = np.zeros((len(rows), length), bool)
    for place, row in enumerate(rows):
        for token in range(lengths[row]):
            padded[place, token] = hidden[sum(int(n) for n in lengths[:row]) + token]
            mask[place, token] = True
    return padded, mask


def logits_by_hand(split, params):
    """One row at a time, in float64."""
    kernel, bias = (np.asarray(params[name], np.float64) for name in ("kernel", "bias"))
    rows = range(len(split.labels))
    return np.array(
        [float((split.tokens(row).astype(np.float64).mean(axis=0) @ kernel + bias)[0]) for row in rows]
    )


@pytest.mark.parametrize(
    ("longest", "limit", "length"), [(1, 150, BUCKET), (32, 150, 32), (33, 150, 64), (140, 150, 150)]
)
def test_a_common_length_is_a_multiple_that_holds_the_longest(longest, limit, length):
    assert bucket_length(longest, limit) == length


@pytest.mark.parametrize("dtype", [np.float16, np.float32, ml_dtypes.bfloat16])
@pytest.mark.parametrize("rows", [[3, 0, 5], [8], [2, 2, 8, 1], list(range(9))])
def test_padding_equals_token_by_token_even_beside_nan(rows, dtype):
    split = make_split(9, seed=3, longest=70)
    hidden = split.hidden.astype(dtype)
    hidden[-1] = np.nan
    padded, mask = pad_rows(hidden, split.lengths, np.array(rows))
    expected, expected_mask = padded_slowly(hidden, split.lengths, rows)
    assert padded.dtype == dtype
    np.testing.assert_array_equal(padded.astype(np.float32), expected.astype(np.float32))
    np.testing.assert_array_equal(mask, expected_mask)
    assert (padded[~mask] == 0).all()


@pytest.mark.parametrize("rows", [1, 3, 4, 5, 13])
def test_evaluation_covers_each_row_once_and_training_leaves_out_an_incomplete_batch(rows):
    split = make_split(rows, seed=rows)
    batches, order = list(eval_batches(split, 4)), epoch_order(rows, 5, 3)
    assert rows_of(batches, split) == list(range(rows))
    assert sum(batch.weights.sum() for batch in batches) == rows
    size = min(4, rows)
    assert rows_of(train_batches(split, 4, 5, 3), split) == order[: rows // size * size].tolist()
    for batch in (*batches, *train_batches(split, 4, 5, 3)):
        for place, row in enumerate(rows_of([batch], split)):
            np.testing.assert_array_equal(batch.hidden[place][batch.mask[place]], split.tokens(row))
            assert batch.labels[place] == split.labels[row]


@pytest.mark.parametrize("batch_size", [2, 5, 50])
def test_predictions_and_metrics_equal_one_row_at_a_time(batch_size):
    split, params = make_split(11, seed=5, longest=70), linear_params(4)
    logits = logits_by_hand(split, params)
    found = predict_logits(linear, params, split, batch_size)
    np.testing.assert_allclose(found[:, 0], logits, rtol=1e-4, atol=1e-5)
    loss, accuracy = evaluate(linear, params, split, batch_size)
    assert loss == pytest.approx(np.log1p(np.exp((1 - 2 * split.labels) * logits)).mean(), rel=1e-4)
    assert accuracy == pytest.approx(((logits > 0) == split.labels).mean())


def test_a_step_moves_every_parameter_as_a_difference_of_losses_says():
    """Adam's first step is the rate against the sign of the slope."""
    split, params = make_split(8, seed=2), linear_params()
    (batch,) = train_batches(split, 8, 0, 1)
    state, sums = train_step(linear, init(params), batch, jnp.float32(0.1))
    assert float(sums.loss) / 8 == pytest.approx(evaluate(linear, params, split).loss, rel=1e-5)
    for place in range(7):
        kernels = [params["kernel"].at[place].add(sign * 1e-2) for sign in (1, -1)]
        above, below = (evaluate(linear, {**params, "kernel": kernel}, split).loss for kernel in kernels)
        moved = float(state.params["kernel"][place, 0] - params["kernel"][place, 0])
        assert moved == pytest.approx(-0.1 * np.sign(above - below), rel=1e-3)
