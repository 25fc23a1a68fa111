"""Steps of heads side by side against one head at a time, its slopes from automatic differentiation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from headstart.heads.fused.fused_heads import layer_heads
from headstart.heads.fused.layer_heads import PRIOR
from headstart.heads.modules import build_on_layers
from headstart.heads.modules import init as first_params
from headstart.heads.spec import spec_of
from headstart.train.engine.adam import ROWS, adam_step, init
from headstart.train.engine.lane_steps import LaneGroup, pack_states, unpack_states
from headstart.train.engine.loss import cross_entropy
from headstart.train.engine.steps import Group, HeadSteps
from headstart.train.feeds.moments import LayerMoments
from headstart.train.feeds.table import Table

STATES, WIDTH, COUNT, STEPS = (0, 1, 2), 4, 12, 5
NAMES = ("avg@0", "max@2", "maxavg@all", "mix")
SPECS = [spec_of(name, STATES, 2) for name in NAMES]
GROUP = layer_heads(SPECS, ("cls", "max", "mean"))
RATES = {name: jnp.float32(0.02 * (1 + place)) for place, name in enumerate(NAMES)}
BATCHES = jnp.asarray(np.random.default_rng(3).permuted(np.tile(np.arange(COUNT), (STEPS, 1)), axis=1)[:, :4])


@pytest.fixture(scope="module")
def table():
    random = np.random.default_rng(0)
    layers = random.normal(1, 2, (COUNT, len(STATES), 3, WIDTH)).astype(np.float16)
    moments = LayerMoments(
        *jnp.asarray(random.uniform(0.5, 2, (2, *layers.shape[1:])), jnp.float32), jnp.float32(COUNT)
    )
    labels = random.integers(0, 2, COUNT).astype(np.float32)
    parts = (np.zeros(COUNT, np.int32), np.ones(COUNT, np.int32), None, labels, layers)
    return jax.tree.map(jnp.asarray, Table(None, *parts, moments))


def states_of(names=NAMES):
    """Random, as heads on layers begin at zero."""
    random = np.random.default_rng(1)
    params = {spec.name: first_params(spec.name, spec.head, WIDTH, 0, 1, len(spec.layers)) for spec in SPECS}
    drawn = jax.tree.map(lambda leaf: jnp.asarray(random.normal(0, 0.3, leaf.shape), jnp.float32), params)
    return {name: init(drawn[name]) for name in names}


def alone(spec, state, table):
    """Steps of one head: mean loss of its module, and the prior on its kernel."""
    at = np.array(spec.layers)
    module, moments = build_on_layers(spec.head), table.standard
    part = moments._replace(mean=moments.mean[at], scale=moments.scale[at])
    pull = WIDTH * spec.vectors_read / (PRIOR * COUNT)

    def loss(params, places):
        logits = module.apply({"params": params}, table.layers[places][:, at], part)
        prior = 0.5 * pull * (params["dense"]["kernel"] ** 2).sum()
        return cross_entropy(logits, table.labels[places]).mean() + prior

    for places in BATCHES:
        state = adam_step(state, jax.grad(loss)(state.params, places), RATES[spec.name])
    return state


def together(table, states, active):
    run = jax.jit(
        jax.vmap(
            lambda count: HeadSteps([GROUP]).train(table, states, BATCHES[:, None], count, RATES, active),
            axis_name=ROWS,
        )
    )
    return jax.tree.map(lambda leaf: leaf[0], run(jnp.array([STEPS])))


@pytest.fixture(scope="module")
def trained(table):
    return together(table, states_of(), dict.fromkeys(NAMES, jnp.array(True)))


@pytest.mark.parametrize("spec", SPECS, ids=NAMES)
def test_five_steps_together_equal_five_alone(spec, trained, table):
    after, sums = trained
    expected = alone(spec, states_of()[spec.name], table)
    for ours, other in zip(jax.tree.leaves(after[spec.name]), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(ours, other, rtol=2e-3, atol=1e-4)
    assert sums[spec.name].rows == STEPS * 4


def test_a_head_that_has_stopped_stays_and_the_others_do_not_notice(trained, table):
    active = {name: jnp.array(name != "avg@0") for name in NAMES}
    after, _ = together(table, states_of(), active)
    before = states_of()
    jax.tree.map(np.testing.assert_array_equal, after["avg@0"], before["avg@0"])
    for name in NAMES[1:]:
        jax.tree.map(np.testing.assert_array_equal, after[name], trained[0][name])


def test_moments_lie_side_by_side_as_parameters_do(trained):
    flags = dict.fromkeys(NAMES, jnp.array(True))
    states = trained[0]
    again = unpack_states(GROUP, pack_states(GROUP, states, flags), states, flags)
    jax.tree.map(np.testing.assert_array_equal, again, states)


def test_sums_and_logits_of_all_rows(table):
    params = {name: state.params for name, state in states_of().items()}
    steps, places = HeadSteps([GROUP]), jnp.arange(COUNT).reshape(3, 4)
    logits = steps.logits(table, params, places)
    evaluated = jax.vmap(
        lambda count: steps.evaluate(table, params, places, count, dict.fromkeys(NAMES, jnp.array(True))),
        axis_name=ROWS,
    )(jnp.array([3]))
    for name in NAMES:
        right = (np.asarray(logits[name]).ravel() > 0) == (np.asarray(table.labels) > 0)
        assert evaluated[name].correct.tolist() == [right.sum()]


def test_a_group_is_of_one_kind():
    assert isinstance(GROUP, LaneGroup)
    assert not isinstance(GROUP, Group)
