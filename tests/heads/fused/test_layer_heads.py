"""Heads on layers side by side against each alone: `heads.modules` and automatic differentiation are the oracle."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from headstart.heads.fused.fused_heads import layer_heads
from headstart.heads.fused.layer_heads import PRIOR, layer_products
from headstart.heads.modules import build_on_layers, init
from headstart.heads.pooling import POOLED
from headstart.heads.spec import spec_of

STATES, WIDTH, ROWS, OUTPUTS = (0, 1, 2, 3), 5, 6, 2
SETS = {
    "all kinds": ("cls@0", "avg@1", "maxavg@1", "max@3", "avg@all", "maxavg@all", "mix"),
    "one": ("avg@2",),
    "one layer": ("avg@2", "maxavg@2"),
    "all layers": ("max@all", "cls@all"),
    "mixture": ("mix",),
    "some layers": ("avg@1", "max@3"),
}


class Rows(NamedTuple):
    layers: Any
    standard: Any


class Moments(NamedTuple):
    mean: Any
    scale: Any


def batch(group, seed=0):
    """A batch as the group reads it, and all vectors of all layers as the modules do."""
    random = np.random.default_rng(seed)
    layers = random.normal(2, 3, (ROWS, len(STATES), 3, WIDTH)).astype(np.float16)
    moments = Moments(*random.uniform(0.5, 2, (2, len(STATES), 3, WIDTH)).astype(np.float32))
    states = [STATES.index(layer) for layer in group.layers]
    at = np.ix_(states, [POOLED.index(name) for name in group.vectors])
    part = Rows(layers[(slice(None), *at)], Moments(moments.mean[at], moments.scale[at]))
    return jax.tree.map(jnp.asarray, part), jax.tree.map(jnp.asarray, Rows(layers, moments))


def params_of(specs, seed=1):
    random = np.random.default_rng(seed)

    def drawn(spec):
        shapes = jax.eval_shape(lambda: init(spec.name, spec.head, WIDTH, 0, OUTPUTS, len(spec.layers)))
        return jax.tree.map(lambda leaf: random.normal(size=leaf.shape).astype(np.float32), shapes)

    return {spec.name: jax.tree.map(jnp.asarray, drawn(spec)) for spec in specs}


def alone(spec, params, whole):
    """Logits of one head from its module."""
    at = np.array([STATES.index(layer) for layer in spec.layers])
    standard = Moments(whole.standard.mean[at], whole.standard.scale[at])
    return build_on_layers(spec.head, OUTPUTS).apply({"params": params}, whole.layers[:, at], standard)


@pytest.fixture(params=SETS)
def specs(request):
    return [spec_of(name, STATES, 3) for name in SETS[request.param]]


def test_logits_and_gradients_are_those_of_each_alone(specs):
    group, params = layer_heads(specs), params_of(specs)
    rows, whole = batch(group)
    slope = np.random.default_rng(2).normal(size=(ROWS, OUTPUTS)).astype(np.float32)

    @jax.jit
    def together(params):
        logits = group.logits(params, rows)
        return sum((slope * jnp.tanh(values)).sum() for values in logits.values()), logits

    gradient, logits = jax.grad(together, has_aux=True)(params)
    for spec in specs:

        def one(params, spec=spec):
            values = alone(spec, params, whole)
            return (slope * jnp.tanh(values)).sum(), values

        expected, values = jax.grad(one, has_aux=True)(params[spec.name])
        np.testing.assert_allclose(logits[spec.name], values, rtol=1e-4, atol=1e-4)
        assert jax.tree.structure(gradient[spec.name]) == jax.tree.structure(expected)
        for ours, other in zip(jax.tree.leaves(gradient[spec.name]), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(ours, other, rtol=1e-3, atol=1e-4)


def test_side_by_side_nothing_is_lost_or_added(specs):
    group, params = layer_heads(specs), params_of(specs)
    lanes = group.pack(params)
    jax.tree.map(np.testing.assert_array_equal, group.unpack(lanes), params)
    sizes = (np.count_nonzero(leaf) for leaf in jax.tree.leaves(lanes))
    assert sum(sizes) == sum(leaf.size for leaf in jax.tree.leaves(params))


def test_a_number_for_each_head_multiplies_its_parameters_alone(specs):
    group, params = layer_heads(specs), params_of(specs)
    lanes = group.pack(params)
    numbers = {spec.name: 2.0 + place for place, spec in enumerate(specs)}
    spread = group.spread(numbers, lanes)
    product = group.unpack(jax.tree.map(lambda number, values: number * values, spread, lanes))
    for name, number in numbers.items():
        for ours, values in zip(jax.tree.leaves(product[name]), jax.tree.leaves(params[name]), strict=True):
            np.testing.assert_allclose(ours, number * values, rtol=1e-6)
    nobodys = jax.tree.map(lambda number, values: number * (values == 0), spread, lanes)
    assert all(
        (leaf == 0).all() for leaf in (nobodys.kernel, *nobodys.mix[1:])
    )  # what is not read is not trained
    lane = group.lane_names.index("") if "" in group.lane_names else None
    assert lane is None or spread.bias[lane] == 0


def test_the_prior_pulls_kernels_by_their_features_and_nothing_else(specs):
    group, params = layer_heads(specs), params_of(specs)
    lanes = group.pack(params)
    pulls = jax.tree.map(lambda pull, values: pull * values, group.decay(lanes, jnp.float32(50)), lanes)
    pulled = group.unpack(pulls)
    for spec in specs:
        per_unit = WIDTH * spec.vectors_read / (PRIOR * 50)
        dense = pulled[spec.name]["dense"]
        np.testing.assert_allclose(
            dense["kernel"], per_unit * params[spec.name]["dense"]["kernel"], rtol=1e-5
        )
        np.testing.assert_array_equal(dense["bias"], 0)
        np.testing.assert_array_equal(pulled[spec.name].get("mix", 0), 0)


def test_products_and_their_gradient():
    random = np.random.default_rng(3)
    kernels, features, slopes = (
        jnp.asarray(random.normal(size=shape), jnp.float32) for shape in ((3, 2, 5), (3, 4, 5), (3, 4, 2))
    )
    products, back = jax.vjp(layer_products, kernels, features)
    np.testing.assert_allclose(products, [f @ k.T for k, f in zip(kernels, features, strict=True)], rtol=1e-5)
    np.testing.assert_allclose(
        back(slopes)[0], [s.T @ f for s, f in zip(slopes, features, strict=True)], rtol=1e-5
    )


def test_a_group_reads_no_layer_and_no_vector_that_no_head_reads():
    group = layer_heads([spec_of("avg@1", STATES, 3), spec_of("max@last", STATES, 3)])
    assert (group.layers, group.vectors) == ((1, 3), ("max", "mean"))
