import jax
import jax.numpy as jnp
import numpy as np
import pytest

from headstart.train.engine.steps import init
from tests.oracles.padded_training import (
    Batch,
    eval_batches,
    eval_step,
    logits_step,
    train_batches,
    train_step,
)


def mean_gradient(params, split, rows):
    """The oracle: gradient of the mean loss of a linear head on the stored mean, row by row in float64."""
    kernel, bias = (np.asarray(params[name], np.float64) for name in ("kernel", "bias"))
    slopes = {"kernel": np.zeros_like(kernel), "bias": np.zeros_like(bias)}
    for row in rows:
        features = split.pooled[row, 2].astype(np.float64)
        error = 1 / (1 + np.exp(-(features @ kernel + bias))) - split.labels[row]
        slopes["kernel"] += features[:, None] * error / len(rows)
        slopes["bias"] += error / len(rows)
    return slopes


def adam_by_hand(params, slopes, lr):
    """Adam in the order that Keras took from the paper's section 2: epsilon 1e-7 beside an uncorrected sqrt(v)."""
    first, second = 0.0, 0.0
    for number, slope in enumerate(slopes, 1):
        first = 0.9 * first + 0.1 * slope
        second = 0.999 * second + 0.001 * slope**2
        rate = lr * np.sqrt(1 - 0.999**number) / (1 - 0.9**number)
        params = params - rate * first / (np.sqrt(second) + 1e-7)
    return params


def test_the_first_steps_equal_adam_by_hand(make_split, pooled_linear, linear_params):
    split, params = make_split(9, seed=1), linear_params()
    state, lr, slopes, start = init(params), jnp.float32(0.03), [], params
    for epoch in (1, 2, 3):
        (batch,) = train_batches(split, 9, seed=0, epoch=epoch, tokens=False)
        slopes.append(mean_gradient(state.params, split, range(9)))
        state, _ = train_step(pooled_linear, state, batch, lr)
    for name in ("kernel", "bias"):
        expected = adam_by_hand(np.asarray(start[name], np.float64), [s[name] for s in slopes], 0.03)
        np.testing.assert_allclose(state.params[name], expected, rtol=1e-4, atol=1e-6)


def test_epsilon_is_keras_and_the_gradient_is_of_the_mean(pooled_linear, linear_params):
    # features of 1e-6 make gradients so small that 1e-8 or 1e-7 matters
    pooled = np.full((4, 3, 7), 1e-6, np.float32)
    batch = Batch(None, None, pooled, np.full(4, 1, np.float32), np.array([1, 1, 0, 1], np.float32))
    params = linear_params() | {"kernel": jnp.zeros((7, 1)), "bias": jnp.zeros(1)}
    state, _ = train_step(pooled_linear, init(params), batch, jnp.float32(1.0))
    np.testing.assert_allclose(state.params["kernel"], 5e-7 / (5e-7 + 1e-7 / np.sqrt(0.001)), rtol=1e-4)


def test_sums_are_those_of_the_old_parameters(make_split, linear, linear_params):
    batch = next(train_batches(make_split(8, seed=2), 5, 0, 1))
    _, sums = train_step(linear, init(linear_params()), batch, jnp.float32(0.5))
    np.testing.assert_allclose(sums, eval_step(linear, linear_params(), batch), rtol=1e-6)


def test_masking_a_row_equals_deleting_it(make_split, linear, linear_params):
    whole = next(train_batches(make_split(7, seed=3), 7, 0, 1))
    masked = whole._replace(weights=np.array([1, 1, 0, 1, 0, 1, 1], np.float32))
    kept = jax.tree.map(lambda field: field[whole.weights * masked.weights > 0], whole)
    states = [train_step(linear, init(linear_params()), b, jnp.float32(0.1))[0] for b in (masked, kept)]
    for left, right in zip(*(jax.tree.leaves(state.params) for state in states), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-5)


def test_the_old_state_stays_valid(make_split, linear, linear_params):
    batch = next(train_batches(make_split(6), 6, 0, 1))
    state = init(linear_params())
    train_step(linear, state, batch, jnp.float32(0.1))
    np.testing.assert_array_equal(state.params["kernel"], linear_params()["kernel"])


def test_steps_scale_with_the_rate(make_split, linear, linear_params):
    batch = next(train_batches(make_split(6), 6, 0, 1))
    start = init(linear_params())
    moves = [
        train_step(linear, start, batch, jnp.float32(lr))[0].params["kernel"] - start.params["kernel"]
        for lr in (0.01, 0.02, 0.0)
    ]
    np.testing.assert_allclose(moves[1], 2 * moves[0], rtol=1e-3)
    assert not moves[2].any()


@pytest.fixture
def counted(linear):
    """A head that counts how often it is traced."""

    def head(params, batch):
        head.traced += 1
        return linear(params, batch)

    head.traced = 0
    return head


def test_no_second_compilation_across_epochs_and_cuts(make_split, counted, linear_params):
    split, state = make_split(23, longest=30), init(linear_params())
    for epoch, lr in ((1, 2e-3), (2, 2e-3), (3, 2e-4), (4, 2e-5)):
        for batch in train_batches(split, 5, 0, epoch):
            state, _ = train_step(counted, state, batch, jnp.float32(lr))
    assert counted.traced == 1
    for batch in eval_batches(split, 5):
        eval_step(counted, state.params, batch)
        logits_step(counted, state.params, batch)
    assert counted.traced == 3


def test_steps_can_be_batched_over_seeds(make_split, linear, linear_params):
    batch = next(train_batches(make_split(6), 6, 0, 1))
    both = jax.tree.map(lambda *leaves: jnp.stack(leaves), linear_params(0), linear_params(1))
    together = jax.vmap(lambda params: train_step(linear, init(params), batch, jnp.float32(0.1))[0].params)(
        both
    )
    for seed in (0, 1):
        alone, _ = train_step(linear, init(linear_params(seed)), batch, jnp.float32(0.1))
        np.testing.assert_allclose(together["kernel"][seed], alone.params["kernel"], rtol=1e-5)
