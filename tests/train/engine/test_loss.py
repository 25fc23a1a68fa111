import math

import jax.numpy as jnp
import numpy as np
import pytest

from headstart.train.engine.loss import cross_entropy, share_right


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
