import numpy as np
import pytest

from tests.oracles.padded_training import evaluate, predict_logits


def logits_by_hand(split, params):
    """The oracle: one row at a time, in float64."""
    kernel, bias = (np.asarray(params[name], np.float64) for name in ("kernel", "bias"))
    rows = range(len(split.labels))
    return np.array(
        [float((split.tokens(row).astype(np.float64).mean(axis=0) @ kernel + bias)[0]) for row in rows]
    )


@pytest.mark.parametrize(("rows", "batch_size"), [(1, 4), (7, 4), (8, 4), (9, 2), (5, 50)])
def test_predictions_equal_one_row_at_a_time(make_split, linear, linear_params, rows, batch_size):
    split, params = make_split(rows, seed=rows, longest=70), linear_params(3)
    logits = predict_logits(linear, params, split, batch_size)
    np.testing.assert_allclose(logits[:, 0], logits_by_hand(split, params), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("batch_size", [2, 5, 50])
def test_metrics_equal_one_row_at_a_time(make_split, linear, linear_params, batch_size):
    split, params = make_split(11, seed=5), linear_params(4)
    logits = logits_by_hand(split, params)
    signs = 2 * split.labels - 1
    loss, accuracy = evaluate(linear, params, split, batch_size)
    assert loss == pytest.approx(np.log1p(np.exp(-signs * logits)).mean(), rel=1e-4)
    assert accuracy == pytest.approx(((logits > 0) == split.labels).mean())


def test_a_pooling_head_needs_no_tokens(make_split, linear, pooled_linear, linear_params):
    split, params = make_split(9, seed=6), linear_params(1)
    fast = predict_logits(pooled_linear, params, split, 4, tokens=False)
    np.testing.assert_allclose(fast, predict_logits(linear, params, split, 4), atol=5e-3)
