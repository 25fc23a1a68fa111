"""What every head promises, whatever it is made of: one test per promise, run over all of `HEADS`."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from headstart.heads import HEADS
from headstart.heads.modules import init
from tests.oracles.head_logits import logits_of

WIDTH, OUTPUTS = 7, 2

pytestmark = pytest.mark.parametrize("name", HEADS)


@functools.cache
def gradient_of(name):
    """(params, batch) -> gradient of some smooth loss with respect to the parameters."""
    logits = logits_of(HEADS[name], OUTPUTS)
    return jax.jit(jax.grad(lambda params, batch: (jnp.tanh(logits(params, batch)) ** 2).sum()))


def test_nan_in_padding_changes_no_logit(name, batch, nan_batch, logits_with):
    logits = logits_with(name)
    np.testing.assert_array_equal(logits(nan_batch), logits(batch))
    assert np.isfinite(logits(batch)).all()


def test_nan_in_padding_changes_no_gradient(name, batch, nan_batch, random_params):
    clean, dirty = (gradient_of(name)(random_params(name), rows) for rows in (batch, nan_batch))
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(dirty))
    jax.tree.map(np.testing.assert_array_equal, clean, dirty)


def test_more_padding_changes_no_logit(name, hidden, batch, make_batch, logits_with):
    wider = make_batch(np.pad(hidden, ((0, 0), (0, 3), (0, 0)), constant_values=9), batch.mask.sum(axis=1))
    np.testing.assert_allclose(logits_with(name)(wider), logits_with(name)(batch), atol=1e-6)


def test_row_order_does_not_matter(name, batch, logits_with):
    logits, order = logits_with(name), np.array([2, 0, 1])
    shuffled = jax.tree.map(lambda rows: rows[order], batch)
    np.testing.assert_allclose(logits(shuffled), logits(batch)[order], atol=1e-6)


def test_word_order_is_as_declared(name, hidden, make_batch, logits_with):
    lengths, shuffle = (5, 5, 5), np.array([0, 3, 4, 1, 2])  # [CLS] stays in front
    before, after = (logits_with(name)(make_batch(rows, lengths)) for rows in (hidden, hidden[:, shuffle]))
    changed = np.abs(before - after)
    assert (changed > 1e-4).all() if HEADS[name].word_order else (changed < 1e-6).all()


def test_every_parameter_gets_a_gradient(name, batch):
    gradient = gradient_of(name)(init(name, HEADS[name], WIDTH, 0, OUTPUTS), batch)
    assert all((leaf != 0).all() for leaf in jax.tree.leaves(gradient))


def test_same_shapes_are_compiled_once(name, batch, random_params):
    traces = []

    @jax.jit
    def logits(params, batch):
        traces.append(name)
        return logits_of(HEADS[name], OUTPUTS)(params, batch)

    first = logits(random_params(name), batch)
    second = logits(random_params(name), jax.tree.map(lambda rows: rows[::-1], batch))
    assert traces == [name]
    assert (first != second).any()


def test_same_seed_gives_the_same_parameters(name):
    first = init(name, HEADS[name], WIDTH, seed=3)
    init("cls", HEADS["cls"], WIDTH, seed=4)  # another head in between leaves no trace
    jax.tree.map(np.testing.assert_array_equal, first, init(name, HEADS[name], WIDTH, seed=3))


def test_other_seed_or_name_gives_other_kernels(name):
    params = init(name, HEADS[name], WIDTH, seed=3)
    for other in (init(name, HEADS[name], WIDTH, seed=4), init("other", HEADS[name], WIDTH, seed=3)):
        same = jax.tree.map(lambda a, b: bool((a == b).any()), drop_biases(params), drop_biases(other))
        assert not any(jax.tree.leaves(same))


def drop_biases(tree):
    return {
        part: {name: leaf for name, leaf in leaves.items() if name != "bias"} for part, leaves in tree.items()
    }


def test_seeds_can_be_vmapped(name, batch, random_params, logits_with):
    seeds = jax.tree.map(lambda leaf: np.stack([leaf, -leaf]), random_params(name))
    together = jax.jit(jax.vmap(logits_of(HEADS[name], OUTPUTS), in_axes=(0, None)))(seeds, batch)
    np.testing.assert_allclose(together[0], logits_with(name)(batch), atol=1e-5)
    assert (together[0] != together[1]).all()


def test_float16_is_read_as_float32(name, hidden, batch, make_batch, logits_with):
    lengths, half = batch.mask.sum(axis=1), hidden.astype(np.float16)
    same, logits = (logits_with(name)(make_batch(h, lengths)) for h in (half.astype(np.float32), half))
    assert logits.dtype == jnp.float32
    np.testing.assert_allclose(logits, same, atol=1e-6)


def test_sixteen_rows_can_be_learnt_by_heart(name, make_batch):
    rng = np.random.default_rng(5)
    batch = make_batch(rng.normal(size=(16, 5, 32)).astype(np.float32), rng.integers(1, 6, size=16))
    labels, adam = rng.permutation([0, 1] * 8)[:, None], optax.adam(3e-2)

    def loss(params, batch):
        return optax.sigmoid_binary_cross_entropy(logits_of(HEADS[name])(params, batch), labels).mean()

    @jax.jit
    def train(params, batch):
        def step(_, state):
            params, moments = state
            updates, moments = adam.update(jax.grad(loss)(params, batch), moments)
            return optax.apply_updates(params, updates), moments

        params, _ = jax.lax.fori_loop(0, 150, step, (params, adam.init(params)))
        return loss(params, batch)

    assert train(init(name, HEADS[name], 32, seed=0), batch) < 0.1
