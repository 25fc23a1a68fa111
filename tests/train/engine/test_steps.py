"""Steps of groups against one head, one parameter, one device at a time."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from headstart.heads import HEADS
from headstart.heads.fused.fused_heads import FusedHeads
from headstart.heads.modules import init as first_params
from headstart.train.engine.adam import ROWS, init
from headstart.train.engine.loss import zero_sums
from headstart.train.engine.steps import HeadSteps, group_step, group_sums
from headstart.train.feeds.sampler import FeedSpec
from headstart.train.feeds.table import batch_of, table_of
from tests.oracles.padded_training import eval_step, gather, train_step

from ..conftest import WIDTH, Alone, linear, linear_params, make_split

NAMES = ("cls", "max")
PAIR = FusedHeads(tuple((name, HEADS[name]) for name in NAMES), 40)
RATES = dict.fromkeys(NAMES, jnp.float32(0.05))


def on_devices(function, shares):
    """Run a function of a batch's rows on shares of them, as on so many devices; the first device's result."""
    spread = jax.vmap(function, axis_name=ROWS)

    def run(rows, *arguments):
        per_device = {
            name: field.reshape(shares, -1, *field.shape[1:])
            for name, field in rows._asdict().items()
            if field is not None and name != "hidden"
        }
        tables = jnp.broadcast_to(rows.hidden, (shares, *rows.hidden.shape))
        return spread(rows._replace(**{**per_device, "hidden": tables}), *arguments)

    return run


@pytest.fixture(scope="module")
def batch():
    """Twelve rows, of which two only fill up."""
    split = make_split(10, seed=4)
    table = jax.tree.map(jnp.asarray, table_of(split, FeedSpec(True, True, 12, 1, "exact")))
    return split, batch_of(table, jnp.array([3, 0, 9, -1, 5, 1, 2, 8, -1, 7, 4, 6]))


@pytest.mark.parametrize("shares", [1, 2, 3])
def test_a_step_of_one_head_is_the_oracle_s_whatever_devices_share_the_rows(batch, shares):
    split, rows = batch
    group, states = Alone(linear, "head", 40), {"head": init(linear_params())}
    step = functools.partial(group_step, group, states)
    run = on_devices(
        lambda rows: step(rows, {"head": jnp.float32(0.05)}, {"head": jnp.array(True)}, None), shares
    )
    after, sums = run(rows)
    state, oracle = train_step(
        linear, states["head"], gather(split, np.arange(10), np.ones(10, np.float32), True), jnp.float32(0.05)
    )
    for device in range(shares):
        for one, other in zip(jax.tree.leaves(after["head"]), jax.tree.leaves(state), strict=True):
            np.testing.assert_allclose(one[device], other, rtol=2e-4, atol=1e-6)
    for one, other in zip(sums["head"], oracle, strict=True):
        np.testing.assert_allclose(one.sum(), other, rtol=1e-4)


@pytest.mark.parametrize("active", [(True, True), (True, False), (False, False)])
def test_a_head_that_has_stopped_stays_as_it_is(batch, active):
    states = {name: init(first_params(name, HEADS[name], WIDTH, 0)) for name in NAMES}
    flags = dict(zip(NAMES, map(jnp.array, active), strict=True))
    run = on_devices(lambda rows: group_step(PAIR, states, rows, RATES, flags, None), 1)
    after, sums = run(batch[1])
    for name in NAMES:
        moved = np.asarray(after[name].params["dense"]["kernel"][0]) != states[name].params["dense"]["kernel"]
        assert moved.any() == bool(flags[name])
        assert (sums[name].rows[0] == 10) == any(active)


@pytest.mark.parametrize("active", [True, False])
def test_sums_of_a_group_are_added_where_a_head_is_active(batch, active):
    split, rows = batch
    group, before = Alone(linear, "head", 40), {"head": zero_sums()}
    params = {"head": linear_params()}
    sums = group_sums(group, params, rows, {"head": jnp.array(active)}, before)["head"]
    oracle = eval_step(linear, params["head"], gather(split, np.arange(10), np.ones(10, np.float32), True))
    np.testing.assert_allclose(sums, oracle if active else zero_sums(), rtol=1e-5)


def test_only_the_first_steps_are_taken(batch):
    """And every step's sums are those of its parameters before it."""
    split = batch[0]
    table = jax.tree.map(jnp.asarray, table_of(split, FeedSpec(True, True, 4, 1, "exact")))
    steps, batches = (
        HeadSteps([Alone(linear, "head", 40)]),
        jnp.array([[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 0, 1]]),
    )
    arguments = {"head": jnp.float32(0.05)}, {"head": jnp.array(True)}
    run = jax.vmap(
        lambda count: steps.train(
            table, {"head": init(linear_params())}, batches[:, None], count, *arguments
        ),
        axis_name=ROWS,
    )
    after, sums = run(jnp.array([2]))
    state = init(linear_params())
    for rows in batches[:2]:
        rows = np.asarray(rows)
        state, _ = train_step(
            linear, state, gather(split, rows, np.ones(4, np.float32), True), jnp.float32(0.05)
        )
    np.testing.assert_allclose(after["head"].params["kernel"][0], state.params["kernel"], rtol=1e-4)
    assert sums["head"].rows.tolist() == [8]
    logits = steps.logits(table, {"head": linear_params()}, batches)["head"]
    evaluated = jax.vmap(
        lambda count: steps.evaluate(table, {"head": linear_params()}, batches, count, arguments[1]),
        axis_name=ROWS,
    )(jnp.array([3]))
    assert logits.shape == (3, 4, 1)
    right = (np.asarray(logits)[..., 0] > 0) == (split.labels[np.asarray(batches)] > 0)
    assert evaluated["head"].correct.tolist() == [right.sum()]
