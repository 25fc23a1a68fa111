import jax
import jax.numpy as jnp
import numpy as np

from headstart.train.engine.adam import init
from headstart.train.engine.compiled_epochs import CompiledEpochs, of_seed, stack
from headstart.train.feeds.feed import DeviceFeed
from headstart.train.feeds.sampler import FeedSpec
from headstart.train.feeds.table import table_of
from tests.oracles.padded_training import evaluate, predict_logits

from ..conftest import Alone, linear, linear_params, make_split

SEEDS = 2
SPEC = FeedSpec(True, True, 8, SEEDS, "bucket")


def params_of():
    return {"head": stack([linear_params(seed) for seed in range(SEEDS)])}


def test_tokens_reach_the_device_as_bits_of_bfloat16():
    split = make_split(12, seed=3)
    table = table_of(split, SPEC)
    placed = CompiledEpochs([], 1, tokens_as_bfloat16=True).place(table)
    assert placed.hidden.dtype == np.uint16
    tokens = jax.lax.bitcast_convert_type(placed.hidden, jnp.bfloat16).astype(np.float32)
    np.testing.assert_array_equal(tokens, jnp.asarray(split.hidden).astype(jnp.bfloat16).astype(np.float32))
    np.testing.assert_array_equal(placed.pooled, table.pooled)


def test_seeds_are_stacked_and_told_apart():
    tree = params_of()["head"]
    for seed in range(SEEDS):
        jax.tree.map(np.testing.assert_array_equal, of_seed(tree, seed), linear_params(seed))


def test_logits_and_sums_are_those_of_each_seed_s_parameters():
    split, compiled = make_split(21, seed=6), CompiledEpochs([Alone(linear)], SEEDS)
    params = compiled.spread(params_of())
    flags = {"head": np.ones(SEEDS, bool)}
    (chunk,) = DeviceFeed(split, SPEC, compiled.place).evaluate()
    sums = jax.device_get(compiled.evaluate(params, chunk, flags)["head"])
    places, logits = compiled.logits(params, chunk)
    for seed in range(SEEDS):
        real = places[seed] >= 0
        assert sorted(places[seed][real]) == list(range(21))
        expected = predict_logits(linear, linear_params(seed), split)[places[seed][real]]
        np.testing.assert_allclose(logits["head"][seed][real], expected, atol=1e-5)
        loss, accuracy = evaluate(linear, linear_params(seed), split)
        np.testing.assert_allclose(
            [sums.loss[seed], sums.correct[seed]], [21 * loss, 21 * accuracy], rtol=1e-4
        )


def test_each_shape_is_compiled_once():
    split, compiled = make_split(21, seed=6), CompiledEpochs([Alone(linear)], SEEDS)
    rates, flags = {"head": np.full(SEEDS, 0.1, np.float32)}, {"head": np.ones(SEEDS, bool)}
    states = compiled.spread({"head": stack([init(linear_params(seed)) for seed in range(SEEDS)])})
    seconds = []
    for epoch in (1, 2):
        for chunk in DeviceFeed(split, SPEC, compiled.place).train(epoch):
            states, _ = compiled.train(states, chunk, rates, flags)
        seconds.append(compiled.compile_seconds)
    assert seconds[0] == seconds[1] > 0
