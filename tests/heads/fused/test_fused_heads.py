"""Heads together against each head alone: `tests.oracles.head_logits` and automatic differentiation are the oracle."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from headstart.heads import HEADS
from headstart.heads.fused.chunks import STEPS
from headstart.heads.fused.fused_heads import FusedHeads
from headstart.heads.pooling import pool
from tests.oracles.head_logits import logits_of

WIDTH, OUTPUTS, LONGEST = 7, 2, 3 * STEPS + 5
LENGTHS = np.array([STEPS + 3, 1, STEPS, LONGEST - 9, 5])


class Rows(NamedTuple):
    hidden: Any
    starts: Any
    lengths: Any
    pooled: Any


class Padded(NamedTuple):
    hidden: Any
    mask: Any
    pooled: Any


def tokens(seed=0, lengths=LENGTHS):
    """A table with two rows that no batch reads, before and after the others."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(4 + lengths.sum() + 3, WIDTH)).astype(np.float32)


def padded(hidden, lengths):
    starts = 4 + np.cumsum(lengths) - lengths
    rows = np.zeros((len(lengths), lengths.max(), WIDTH), np.float32)
    for row, (start, length) in enumerate(zip(starts, lengths, strict=True)):
        rows[row, :length] = hidden[start : start + length]
    mask = np.arange(lengths.max()) < lengths[:, None]
    return Padded(rows, mask, np.asarray(jax.jit(pool)(rows, mask)))


def ragged(hidden, lengths, order=None):
    order = np.arange(len(lengths)) if order is None else order
    starts = 4 + np.cumsum(lengths) - lengths
    return Rows(
        jnp.asarray(hidden),
        jnp.asarray(starts[order], jnp.int32),
        jnp.asarray(lengths[order]),
        padded(hidden, lengths).pooled[order],
    )


def joint(*names, dtype="float32"):
    return FusedHeads(tuple((name, HEADS[name]) for name in names or HEADS), LONGEST, dtype)


def smooth(logits):
    """A loss in which every logit counts otherwise."""
    return sum(
        (jnp.tanh(own * (1 + jnp.arange(own.size).reshape(own.shape))) ** 2).sum() for own in logits.values()
    ), 7


@functools.cache
def compiled(group):
    return jax.jit(group.logits), jax.jit(lambda params, rows: group.gradient(params, rows, smooth))


@functools.cache
def compiled_alone(name):
    logits = logits_of(HEADS[name], OUTPUTS)
    return jax.jit(jax.grad(lambda params, batch: smooth({name: logits(params, batch)})[0]))


@pytest.fixture
def params(random_params):
    return {name: random_params(name) for name in HEADS}


@pytest.mark.parametrize(
    "lengths",
    [
        LENGTHS,
        np.ones(5, int),
        pytest.param(np.full(5, STEPS), marks=pytest.mark.slow),
        pytest.param(np.full(5, LONGEST), marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_all_together_equal_each_alone(params, logits_with, lengths):
    hidden = tokens(1, lengths)
    logits, gradient = compiled(joint())
    rows, batch = ragged(hidden, lengths), padded(hidden, lengths)
    found, (slopes, handed_on) = logits(params, rows), gradient(params, rows)
    assert handed_on == 7
    for name in HEADS:
        np.testing.assert_allclose(found[name], logits_with(name)(batch), atol=1e-5)
        expected = compiled_alone(name)(params[name], batch)
        assert jax.tree.structure(dict(slopes[name])) == jax.tree.structure(expected)
        for one, other in zip(jax.tree.leaves(dict(slopes[name])), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("name", ["maxavg", "bigru_pooled", "lstm"])
def test_a_head_does_not_depend_on_the_others(params, name):
    rows = ragged(tokens(2), LENGTHS)
    together, alone = (compiled(group)[0](params, rows)[name] for group in (joint(), joint(name)))
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_nan_outside_the_batch_changes_neither_logits_nor_gradients(params):
    hidden = tokens(3)
    kept = np.array([0, 2, 3])  # rows 1 and 4, and the table's edges, are nobody's padding
    rows = ragged(hidden, LENGTHS, kept)
    mine = np.concatenate([np.arange(s, s + n) for s, n in zip(rows.starts, rows.lengths, strict=True)])
    dirty = np.full_like(hidden, np.nan)
    dirty[mine] = hidden[mine]
    for run in compiled(joint()):
        clean, other = (run(params, rows._replace(hidden=jnp.asarray(table))) for table in (hidden, dirty))
        jax.tree.map(np.testing.assert_array_equal, clean, other)
        assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(clean))


def test_row_order_does_not_matter(params):
    hidden, order = tokens(4), np.array([3, 0, 4, 1, 2])
    logits = compiled(joint())[0]
    straight, shuffled = (
        logits(params, ragged(hidden, LENGTHS)),
        logits(params, ragged(hidden, LENGTHS, order)),
    )
    for name in HEADS:
        np.testing.assert_allclose(shuffled[name], straight[name][order], atol=1e-6)


def test_every_parameter_gets_a_gradient(params):
    slopes, _ = compiled(joint())[1](params, ragged(tokens(5), LENGTHS))
    assert all((np.asarray(leaf) != 0).all() for leaf in jax.tree.leaves(dict(slopes)))


def test_batches_of_any_length_share_one_program(params):
    traced = []

    @jax.jit
    def logits(params, rows):
        traced.append(1)
        return joint().logits(params, rows)

    hidden = tokens(6)
    for lengths in (LENGTHS, np.minimum(LENGTHS, 2), np.full(5, STEPS + 1)):
        logits(params, ragged(hidden, LENGTHS)._replace(lengths=jnp.asarray(lengths)))
    assert traced == [1]


def test_equal_maxima_share_the_gradient(params):
    """Rows of equal tokens saturate: their outputs tie, as those of a run of one repeated word do."""
    lengths = np.array([3, 40])
    hidden = np.repeat(tokens(7, np.array([0]))[:1], 4 + 43 + 3, axis=0)
    still = {
        "kernel": np.zeros((WIDTH, 192), np.float32),
        "recurrent_kernel": np.zeros((64, 192), np.float32),
    }
    still["bias"] = np.full((2, 192), 40, np.float32)
    own = {**params["gru_pooled"], "forward": still}
    slopes, _ = compiled(joint("gru_pooled"))[1]({"gru_pooled": own}, ragged(hidden, lengths))
    expected = compiled_alone("gru_pooled")(own, padded(hidden, lengths))
    for one, other in zip(
        jax.tree.leaves(dict(slopes["gru_pooled"])), jax.tree.leaves(expected), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=2e-5)


def test_bfloat16_operands_change_little(params):
    rows = ragged(tokens(8), LENGTHS)
    full, half = (compiled(joint(dtype=dtype)) for dtype in ("float32", "bfloat16"))
    for name in HEADS:
        exact, rounded = (np.asarray(run[0](params, rows)[name]) for run in (full, half))
        np.testing.assert_allclose(rounded, exact, atol=0.05)
        assert HEADS[name].reads_tokens == (rounded != exact).any()
    slopes = [jax.tree.leaves(dict(run[1](params, rows)[0])) for run in (full, half)]
    for exact, rounded in zip(*slopes, strict=True):
        assert rounded.dtype == np.float32
        assert np.linalg.norm(rounded - exact) <= 0.15 * np.linalg.norm(exact)


def test_bits_of_bfloat16_are_read_as_bfloat16(params):
    rows = ragged(tokens(8).astype(jnp.bfloat16), LENGTHS)
    bits = rows._replace(hidden=jax.lax.bitcast_convert_type(rows.hidden, jnp.uint16))
    run = compiled(joint(dtype="bfloat16"))
    floats, integers = (
        jax.tree.leaves((run[0](params, r), dict(run[1](params, r)[0]))) for r in (rows, bits)
    )
    for one, other in zip(floats, integers, strict=True):
        np.testing.assert_array_equal(one, other)


def test_seeds_can_be_vmapped(params):
    names, rows = ("maxavg", "bigru_pooled", "lstm"), ragged(tokens(9), LENGTHS)
    own = {name: params[name] for name in names}
    both = jax.tree.map(lambda leaf: np.stack([leaf, -leaf]), own)
    run = jax.vmap(lambda params, rows: joint(*names).gradient(params, rows, smooth)[0], in_axes=(0, None))
    together, alone = jax.jit(run)(both, rows), compiled(joint())[1](params, rows)[0]
    for name in names:
        for one, other in zip(jax.tree.leaves(together[name]), jax.tree.leaves(alone[name]), strict=True):
            np.testing.assert_allclose(one[0], other, rtol=1e-4, atol=2e-5)
