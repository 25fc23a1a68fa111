"""Heads on layers beside Keras 3, and against one row at a time in float64."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

from headstart.heads.modules import build_on_layers
from headstart.heads.pooling import POOLED
from headstart.heads.registry import MixHead
from headstart.heads.spec import HeadSpec, spec_of

ROWS, STATES, WIDTH, OUTPUTS = 40, 3, 4, 2
SPECS = [
    spec_of(name, range(STATES), STATES - 1) for name in ("cls@0", "maxavg@1", "avg@all", "maxavg@all", "mix")
]
NAMES = [spec.name for spec in SPECS]


class Moments(NamedTuple):
    mean: np.ndarray
    scale: np.ndarray


class Mixture(keras.layers.Layer):
    """A mean over layers, weighted by the softmax of a number for each, which is learnt."""

    def build(self, shape: Any) -> None:
        self.mix = self.add_weight(shape=(shape[1],), initializer="zeros", name="mix")

    def call(self, inputs: Any) -> Any:
        return keras.ops.tensordot(inputs, keras.ops.softmax(self.mix), axes=[[1], [0]])


def layers_of(spec: HeadSpec) -> np.ndarray:
    """The vectors of the layers that a head reads: scales differ a hundredfold."""
    values = (
        np.random.default_rng(0).normal(3, 1, (ROWS, STATES, 3, WIDTH))
        * np.array([0.1, 1, 10])[:, None, None]
    )
    return values.astype(np.float32)[:, list(spec.layers)]


def standard_of(layers: np.ndarray) -> Moments:
    wide = layers.astype(np.float64)
    return Moments(wide.mean(axis=0).astype(np.float32), (1 / wide.std(axis=0)).astype(np.float32))


def params_of(spec: HeadSpec) -> dict[str, Any]:
    random = np.random.default_rng(1)
    kernel = random.normal(size=(WIDTH * spec.vectors_read, OUTPUTS)).astype(np.float32)
    dense = {"kernel": kernel, "bias": random.normal(size=OUTPUTS).astype(np.float32)}
    mix = {"mix": random.normal(size=STATES).astype(np.float32)} if isinstance(spec.head, MixHead) else {}
    return {**mix, "dense": dense}


def in_keras(spec: HeadSpec, layers: np.ndarray) -> keras.Model:
    """Its own Normalization, adapted to the rows, then what the head reads of each layer, then Dense."""
    normal = keras.layers.Normalization(axis=(1, 2, 3))
    normal.adapt(layers)
    inputs = keras.Input(layers.shape[1:])
    normalised = normal(inputs)
    read = [normalised[:, :, POOLED.index(name)] for name in spec.head.read]  # type: ignore[union-attr]
    features = read[0] if len(read) == 1 else keras.layers.Concatenate(axis=-1)(read)
    flat = Mixture()(features) if isinstance(spec.head, MixHead) else keras.layers.Flatten()(features)
    return keras.Model(inputs, keras.layers.Dense(OUTPUTS)(flat))


@pytest.mark.parametrize("spec", SPECS, ids=NAMES)
def test_logits_and_gradients_are_keras_s(spec: HeadSpec) -> None:
    layers, params = layers_of(spec), params_of(spec)
    model, slope = in_keras(spec, layers), np.random.default_rng(2).normal(size=(ROWS, OUTPUTS))
    fixed = [variable.value for variable in model.non_trainable_variables]
    flat = [*([params["mix"]] if "mix" in params else []), params["dense"]["kernel"], params["dense"]["bias"]]

    @jax.jit
    def theirs(weights: Any) -> Any:
        logits = model.stateless_call(weights, fixed, layers)[0]
        return (slope * logits).sum(), logits

    @jax.jit
    def ours(params: Any) -> Any:
        logits = build_on_layers(spec.head, OUTPUTS).apply(
            {"params": params}, jnp.asarray(layers), standard_of(layers)
        )
        return (slope * logits).sum(), logits

    of_keras, expected = jax.grad(theirs, has_aux=True)(flat)
    slopes, logits = jax.grad(ours, has_aux=True)(params)
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-4)
    found = [
        *([slopes["mix"]] if "mix" in slopes else []),
        slopes["dense"]["kernel"],
        slopes["dense"]["bias"],
    ]
    for one, other in zip(found, of_keras, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("spec", SPECS, ids=NAMES)
def test_logits_are_those_of_one_row_after_the_other(spec: HeadSpec) -> None:
    layers, params = layers_of(spec), params_of(spec)
    head = build_on_layers(spec.head, OUTPUTS)
    logits = jax.jit(lambda params: head.apply({"params": params}, jnp.asarray(layers), standard_of(layers)))(
        params
    )
    wide = layers.astype(np.float64)
    places = [POOLED.index(name) for name in spec.head.read]  # type: ignore[union-attr]
    for row in range(ROWS):
        vectors = [
            np.concatenate(
                [(wide[row, m, p] - wide[:, m, p].mean(axis=0)) / wide[:, m, p].std(axis=0) for p in places]
            )
            for m in range(len(spec.layers))
        ]
        if isinstance(spec.head, MixHead):
            weights = np.exp(params["mix"]) / np.exp(params["mix"]).sum()
            vectors = [sum(weight * vector for weight, vector in zip(weights, vectors, strict=True))]
        expected = np.concatenate(vectors) @ params["dense"]["kernel"] + params["dense"]["bias"]
        np.testing.assert_allclose(logits[row], expected, rtol=1e-3, atol=1e-3)
