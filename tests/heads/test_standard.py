"""Heads on standardised vectors, and what is kept of them, which reads vectors as they are."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest

from headstart.heads.modules import build_on_layers
from headstart.heads.pooling import POOLED
from headstart.heads.spec import spec_of
from headstart.heads.standard import folded, standardised

ROWS, LAYERS, WIDTH = 6, 3, 4


class Moments(NamedTuple):
    mean: np.ndarray
    scale: np.ndarray


@pytest.fixture
def layers():
    """Layers whose scales differ a hundredfold; one feature is the same in all rows."""
    random = np.random.default_rng(0)
    values = random.normal(3, 1, (ROWS, LAYERS, 3, WIDTH)) * np.array([0.1, 1, 10])[:, None, None]
    values[:, 0, 0, 2] = 5
    return jnp.asarray(values, jnp.float32)


@pytest.fixture
def moments(layers):
    layers = np.asarray(layers)
    deviation = layers.std(axis=0)
    return Moments(layers.mean(axis=0), np.where(deviation > 1e-4, 1 / np.maximum(deviation, 1e-4), 0))


def test_features_have_mean_0_and_variance_1(layers, moments):
    values = np.asarray(standardised(layers, moments))
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-4)
    variance = np.array(values.var(axis=0))
    assert variance[0, 0, 2] == 0
    variance[0, 0, 2] = 1
    np.testing.assert_allclose(variance, 1, rtol=1e-3)


def test_without_moments_they_stay(layers):
    np.testing.assert_array_equal(standardised(layers.astype(np.float16), None), layers.astype(np.float16))


@pytest.mark.parametrize("name", ["cls@0", "avg@2", "maxavg@1", "maxavg@all", "max@all", "mix"])
def test_what_is_kept_gives_the_same_logits_of_vectors_as_they_are(name, layers, moments):
    spec, random = spec_of(name, range(LAYERS), LAYERS - 1), np.random.default_rng(1)
    kernel = random.normal(size=(WIDTH * spec.vectors_read, 2)).astype(np.float32)
    params = {"dense": {"kernel": kernel, "bias": np.array([0.5, -2], np.float32)}}
    if name == "mix":
        params["mix"] = random.normal(size=LAYERS).astype(np.float32)
    at = list(spec.layers)
    part = Moments(*(array[at] for array in moments))
    trained = build_on_layers(spec.head, 2).apply({"params": params}, layers[:, at], part)
    kept = folded(spec.head, params, part, POOLED)
    if name == "mix":
        np.testing.assert_allclose(kept.pop("mix").sum(), 1, rtol=1e-6)
    answers = build_on_layers(spec.kept.head, 2).apply({"params": kept}, layers[:, at])
    np.testing.assert_allclose(answers, trained, rtol=1e-4, atol=1e-4)


def test_vectors_that_were_not_read_need_no_moments(layers, moments):
    head = spec_of("avg@0").head
    params = {"dense": {"kernel": np.ones((WIDTH, 1)), "bias": np.zeros(1)}}
    whole = folded(head, params, Moments(*(array[:1] for array in moments)))
    alone = folded(head, params, Moments(*(array[:1, 2:] for array in moments)), ("mean",))
    for part in ("kernel", "bias"):
        np.testing.assert_array_equal(whole["dense"][part], alone["dense"][part])
