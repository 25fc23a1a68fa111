"""The modules of our own give the bits of transformers' `FlaxDistilBertModel`, in every way in which it is run."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from headstart.extract.backbone import distilbert, flax_distilbert
from headstart.extract.backbone.distilbert import Backbone, Inputs
from headstart.extract.backbone.precision import Precision
from headstart.extract.checkpoint.architecture import Architecture, Dropout
from headstart.extract.checkpoint.weights import load_weights

from ..conftest import DISTILBERT

pytest.importorskip(
    "transformers.models.distilbert.modeling_flax_distilbert",
    reason="transformers 5 has none to compare with",
)
ARCHITECTURE = Architecture(**{name: value for name, value in DISTILBERT.items() if name != "model_type"})
PRECISIONS = {
    "stock": Precision("float32", "stock"),
    "stock in bfloat16": Precision("bfloat16", "stock"),
    "packed": Precision("float32", "packed"),
    "mixed": Precision("mixed", "packed"),
    "packed in bfloat16": Precision("bfloat16", "packed"),
}


@pytest.fixture(scope="module")
def weights(tiny_backbone: Path) -> dict[str, Any]:
    return load_weights(str(tiny_backbone / "model.safetensors"))


def batch(noise: bool = False) -> Inputs:
    """Three sequences of two rows each, with padding; one row each where there is noise."""
    dice = np.random.default_rng(3)
    count = 3 * jax.local_device_count()
    segments = np.tile(np.array([1] * 5 + ([1] if noise else [2]) * 4 + [0] * 3, np.int32), (count, 1))
    positions = np.tile(
        np.array([*range(5), *(range(5, 9) if noise else range(4)), 0, 0, 0], np.int32), (count, 1)
    )
    ids = dice.integers(0, ARCHITECTURE.vocab_size, segments.shape, np.int32)
    rows = np.stack([np.ones(count, np.int32), np.arange(count, dtype=np.int32)], axis=1)
    return Inputs(ids, segments, positions, rows if noise else None)


def hidden(
    weights: dict[str, Any], precision: Precision, dropout: Dropout | None, inputs: Inputs
) -> np.ndarray:
    backbone = Backbone(ARCHITECTURE, weights, precision, "float32", dropout)
    assert backbone._module.__class__.__module__.startswith(distilbert.stock.__name__)
    return np.asarray(backbone.run(inputs).hidden)


@pytest.mark.parametrize("name", PRECISIONS)
def test_the_same_bits(name: str, weights: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    expected = hidden(weights, PRECISIONS[name], None, batch())
    use_our_own(monkeypatch)
    np.testing.assert_array_equal(hidden(weights, PRECISIONS[name], None, batch()), expected)


def test_the_same_bits_of_views_with_dropout(
    weights: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    dropout = Dropout(2, 7, hidden=0.2, attention=0.3)
    expected = hidden(weights, PRECISIONS["stock"], dropout, batch(noise=True))
    use_our_own(monkeypatch)
    actual = hidden(weights, PRECISIONS["stock"], dropout, batch(noise=True))
    np.testing.assert_array_equal(actual, expected)
    assert not np.array_equal(actual, hidden(weights, PRECISIONS["stock"], None, batch()))


def use_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where transformers 5 is installed."""
    monkeypatch.setattr(distilbert, "stock", flax_distilbert)
    monkeypatch.setattr(distilbert, "ALL_STATES", {})
    distilbert._model.cache_clear()


@pytest.fixture(autouse=True)
def forget() -> Any:
    yield
    distilbert._model.cache_clear()


@pytest.mark.parametrize("activation", ["gelu", "relu"])
def test_the_same_parameters(activation: str) -> None:
    sizes = {**vars(ARCHITECTURE), "activation": activation}
    shapes = flax_distilbert.parameter_shapes(flax_distilbert.DistilBertShape(**sizes))
    _, stock_shapes = distilbert._model(Architecture(**sizes), "float32", None)
    assert distilbert._shapes(shapes) == distilbert._shapes(stock_shapes)


def test_each_module_as_it_is(weights: dict[str, Any]) -> None:
    """Also the loop over the layers, which `Backbone` replaces by its own unless there is dropout."""
    inputs = batch()
    mask = (inputs.segments > 0).astype(np.int32)
    module, _ = distilbert._model(ARCHITECTURE, "float32", None)
    last, states = module.apply({"params": weights}, inputs.ids, mask, **distilbert.ALL_STATES)
    ours = flax_distilbert.FlaxDistilBertModule(flax_distilbert.DistilBertShape(**vars(ARCHITECTURE)))
    our_last, our_states = ours.apply({"params": weights}, jnp.asarray(inputs.ids), jnp.asarray(mask))
    np.testing.assert_array_equal(our_last, last)
    assert len(our_states) == len(states) == ARCHITECTURE.n_layers + 1
    for one, other in zip(our_states, states, strict=True):
        np.testing.assert_array_equal(one, other)
