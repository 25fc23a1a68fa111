import math

import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from headstart.cache.task import BINARY, Task
from headstart.train.engine.loss import (
    add,
    balanced_weights,
    batch_sums,
    cross_entropy,
    divide,
    share_right,
    zero_sums,
)

THREE, SEVERAL = Task("multiclass", ("a", "b", "c")), Task("multilabel", ("a", "b"))


def loss_by_hand(logit, label):
    probability = 1 / (1 + math.exp(-logit))
    return -math.log(probability if label else 1 - probability)


def test_equals_the_definition():
    logits, labels = [-3.5, -0.25, 0.0, 0.75, 6.0], [0, 1, 1, 0, 1]
    losses = cross_entropy(jnp.array(logits)[:, None], jnp.array(labels, jnp.float32))
    expected = [loss_by_hand(*pair) for pair in zip(logits, labels, strict=True)]
    np.testing.assert_allclose(losses, expected, rtol=1e-5)


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_stays_finite_for_a_sure_mistake(label):
    logit = jnp.array([[200.0 * (1 - 2 * label)]])
    assert cross_entropy(logit, jnp.array([label])).tolist() == [200.0]


LOGITS = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)


def test_several_classes_take_the_softmax():
    labels = np.array([0, 2, 1, 1, 0, 2, 2])
    shares = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    wanted = [-math.log(shares[row, label]) for row, label in enumerate(labels)]
    found = cross_entropy(jnp.array(LOGITS), jnp.array(labels, jnp.float32))
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    right = share_right(jnp.array(LOGITS), jnp.array(labels, jnp.float32))
    np.testing.assert_array_equal(right, shares.argmax(axis=1) == labels)


def test_several_labels_take_the_mean_of_their_losses():
    labels = np.random.default_rng(1).integers(0, 2, (7, 3))
    wanted = [
        np.mean([loss_by_hand(logit, label) for logit, label in zip(*row, strict=True)])
        for row in zip(LOGITS, labels, strict=True)
    ]
    found = cross_entropy(jnp.array(LOGITS), jnp.array(labels, jnp.float32))
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    right = share_right(jnp.array(LOGITS), jnp.array(labels, jnp.float32))
    np.testing.assert_allclose(right, ((LOGITS > 0) == labels).mean(axis=1))


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_class_weights_multiply_the_losses_of_their_classes(kind):
    random = np.random.default_rng(2)
    logits = LOGITS[:, :1] if kind == "binary" else LOGITS
    labels = random.integers(0, 3 if kind == "multiclass" else 2, (7, 3) if kind == "multilabel" else 7)
    weights = random.uniform(1, 5, {"binary": 2, "multiclass": 3, "multilabel": (2, 3)}[kind]).astype(
        np.float32
    )
    found = cross_entropy(jnp.array(logits), jnp.array(labels, jnp.float32), weights)
    if kind == "multilabel":
        wanted = [
            np.mean([weights[label, k] * loss_by_hand(LOGITS[row, k], label) for k, label in enumerate(own)])
            for row, own in enumerate(labels)
        ]
    else:
        wanted = weights[labels] * cross_entropy(jnp.array(logits), jnp.array(labels, jnp.float32))
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


@pytest.mark.parametrize(("task", "labels"), [(BINARY, [0, 1, 1, 1]), (THREE, [2, 0, 1, 1, 1, 2])])
def test_balanced_weights_are_scikit_learn_s(task, labels):
    expected = compute_class_weight("balanced", classes=np.unique(labels), y=labels)
    np.testing.assert_allclose(balanced_weights(task, np.array(labels)), expected, rtol=1e-6)


def test_each_of_several_labels_is_balanced_by_itself():
    labels = np.array([[0, 1], [1, 1], [0, 1]])
    # the first class: two rows of 0, one of 1; the second: none of 0
    np.testing.assert_allclose(balanced_weights(SEVERAL, labels), [[3 / 4, 0], [3 / 2, 3 / 6]])


def rows_of(labels, weights):
    return np.array(labels, np.float32), np.array(weights, np.float32)


def test_sums_by_hand():
    # probabilities 0.8, 0.8, 0.2: loss 0.223, 1.609, 0.223; right, wrong, right
    logit = float(np.log(4))
    sums = batch_sums(jnp.array([[logit], [logit], [-logit]]), *rows_of([1, 0, 0], [1, 1, 1]))
    assert [float(total) for total in sums] == pytest.approx([2 * -np.log(0.8) - np.log(0.2), 2, 3])


@pytest.mark.parametrize(
    ("logit", "label", "correct"), [(0.0, 0, 1), (0.0, 1, 0), (1e-3, 1, 1), (-1e-3, 1, 0)]
)
def test_half_says_zero(logit, label, correct):
    assert batch_sums(jnp.array([[logit]]), *rows_of([label], [1])).correct == correct


@pytest.mark.parametrize("filler", [7.5, np.nan, np.inf])
def test_weight_zero_equals_deleting(filler):
    logits, labels = np.random.default_rng(0).normal(size=(5, 1)).astype(np.float32), [1, 0, 0, 1, 1]
    padded = jnp.array(np.concatenate([logits, np.full((3, 1), filler, np.float32)]))
    masked = batch_sums(padded, *rows_of([*labels, 1, 0, 1], [1] * 5 + [0] * 3))
    deleted = batch_sums(jnp.array(logits), *rows_of(labels, [1] * 5))
    np.testing.assert_allclose(masked, deleted, rtol=1e-6)


def test_unequal_batches_add_up_to_the_mean_over_rows():
    logits = np.random.default_rng(1).normal(size=(9, 1)).astype(np.float32)
    labels = [0, 1, 1, 0, 1, 0, 0, 1, 1]
    whole = divide(batch_sums(jnp.array(logits), *rows_of(labels, [1] * 9)))
    total = zero_sums()
    for part in (slice(0, 4), slice(4, 5), slice(5, 9)):
        rows = labels[part]
        total = add(total, batch_sums(jnp.array(logits[part]), *rows_of(rows, [1] * len(rows))))
    assert divide(total) == pytest.approx(whole)


def test_nan_in_a_row_that_counts_is_not_hidden():
    assert np.isnan(divide(batch_sums(jnp.array([[np.nan], [0.5]]), *rows_of([1, 1], [1, 1]))).loss)
