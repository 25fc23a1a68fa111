import jax.numpy as jnp
import numpy as np
import pytest

from headstart.train.engine.sums import add, batch_sums, divide, zero_sums
from tests.oracles.padded_training import Batch


def batch_of(labels, weights):
    pooled = np.zeros((len(labels), 3, 2), np.float16)
    return Batch(None, None, pooled, np.array(labels, np.float32), np.array(weights, np.float32))


def test_sums_by_hand():
    # probabilities 0.8, 0.8, 0.2: loss 0.223, 1.609, 0.223; right, wrong, right
    logit = float(np.log(4))
    sums = batch_sums(jnp.array([[logit], [logit], [-logit]]), batch_of([1, 0, 0], [1, 1, 1]))
    assert [float(total) for total in sums] == pytest.approx([2 * -np.log(0.8) - np.log(0.2), 2, 3])


@pytest.mark.parametrize(
    ("logit", "label", "correct"), [(0.0, 0, 1), (0.0, 1, 0), (1e-3, 1, 1), (-1e-3, 1, 0)]
)
def test_half_says_zero(logit, label, correct):
    assert batch_sums(jnp.array([[logit]]), batch_of([label], [1])).correct == correct


@pytest.mark.parametrize("filler", [7.5, np.nan, np.inf])
def test_weight_zero_equals_deleting(filler):
    logits, labels = np.random.default_rng(0).normal(size=(5, 1)).astype(np.float32), [1, 0, 0, 1, 1]
    padded = jnp.array(np.concatenate([logits, np.full((3, 1), filler, np.float32)]))
    masked = batch_sums(padded, batch_of([*labels, 1, 0, 1], [1] * 5 + [0] * 3))
    deleted = batch_sums(jnp.array(logits), batch_of(labels, [1] * 5))
    np.testing.assert_allclose(masked, deleted, rtol=1e-6)


def test_unequal_batches_add_up_to_the_mean_over_rows():
    logits = np.random.default_rng(1).normal(size=(9, 1)).astype(np.float32)
    labels = [0, 1, 1, 0, 1, 0, 0, 1, 1]
    whole = divide(batch_sums(jnp.array(logits), batch_of(labels, [1] * 9)))
    total = zero_sums()
    for part in (slice(0, 4), slice(4, 5), slice(5, 9)):
        rows = labels[part]
        total = add(total, batch_sums(jnp.array(logits[part]), batch_of(rows, [1] * len(rows))))
    assert divide(total) == pytest.approx(whole)


def test_nan_in_a_row_that_counts_is_not_hidden():
    assert np.isnan(divide(batch_sums(jnp.array([[np.nan], [0.5]]), batch_of([1, 1], [1, 1]))).loss)
