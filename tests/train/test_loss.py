import math

import jax.numpy as jnp
import numpy as np
import pytest

from train.loss import binary_cross_entropy


def loss_by_hand(logit, label):
    probability = 1 / (1 + math.exp(-logit))
    return -math.log(probability if label else 1 - probability)


def test_equals_the_definition():
    logits, labels = [-3.5, -0.25, 0.0, 0.75, 6.0], [0, 1, 1, 0, 1]
    losses = binary_cross_entropy(jnp.array(logits)[:, None], jnp.array(labels, jnp.float32))
    expected = [loss_by_hand(*pair) for pair in zip(logits, labels, strict=True)]
    np.testing.assert_allclose(losses, expected, rtol=1e-5)


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_stays_finite_for_a_sure_mistake(label):
    logit = jnp.array([[200.0 * (1 - 2 * label)]])
    assert binary_cross_entropy(logit, jnp.array([label])).tolist() == [200.0]
