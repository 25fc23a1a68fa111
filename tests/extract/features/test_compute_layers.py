"""Pooled vectors of every layer, beside the stock model's hidden states pooled in NumPy, one row at a time."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from transformers import DistilBertConfig, FlaxDistilBertModel

from headstart.cache import UserError
from headstart.cache.block import Block
from headstart.extract.backbone.distilbert import Backbone
from headstart.extract.backbone.precision import EXACT, Precision
from headstart.extract.checkpoint.architecture import Dropout, ended_at, read_architecture
from headstart.extract.checkpoint.weights import load_weights
from headstart.extract.features.blocks import cut, plan_blocks
from headstart.extract.features.compute import TokenizedRows, compute_block
from headstart.extract.features.packing import BatchShape, bucket_lengths, packed_lengths
from headstart.extract.text.tokenizer import Tokens

from ..checkpoint.test_weights import as_bert
from ..conftest import DISTILBERT, random_weights, save_backbone

LAYERS = 3
ARCHITECTURE = read_architecture({**DISTILBERT, "n_layers": LAYERS}, "tiny")
LENGTHS = np.array([1, 20, 3, 3, 19, 7, 2, 11, 1, 20, 5, 8, 2, 2, 13, 4], np.int32)
LONGEST = 20
EPSILON = {"float16": 2**-10, "bfloat16": 2**-7}
PACKED = Precision("float32", "packed")
CLOSE = {"float32": 1e-4, "mixed": 0.1, "bfloat16": 0.1}
"""Vectors deviate by 1. What 16 bits change is not pooling: see the encoder that ends below, in the same precision."""


@pytest.fixture(scope="session")
def deep_backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a random DistilBERT of 3 layers."""
    config = {**DISTILBERT, "n_layers": LAYERS}
    return save_backbone(tmp_path_factory.mktemp("backbones") / "deep", config, random_weights(config, 1))


def some_rows() -> TokenizedRows:
    ids = np.random.default_rng(0).integers(5, DISTILBERT["vocab_size"], LENGTHS.sum()).astype(np.int32)
    count = len(LENGTHS)
    tokens = Tokens(ids, LENGTHS, np.zeros(count, np.uint8), np.ones(count, np.int64), padding=0)
    return TokenizedRows(tokens, np.zeros(count, np.int32), np.arange(count))


@cache
def stock_states(folder: Path, padded: bool) -> np.ndarray:
    """Hidden states of each row, pooled over its tokens, or all positions: `[b, L + 1, 3, d]`."""
    model = FlaxDistilBertModel(
        DistilBertConfig(**vars(ARCHITECTURE), sinusoidal_pos_embds=False), _do_init=False
    )
    mask = (np.arange(LONGEST) < LENGTHS[:, None]).astype(np.int32)
    ids = np.zeros_like(mask)
    ids[mask == 1] = some_rows().tokens.ids
    params = load_weights(str(folder / "model.safetensors"))
    states = model(ids, mask, params=params, output_hidden_states=True).hidden_states
    whole = np.stack([np.asarray(state) for state in states], axis=1)
    ends = np.full_like(LENGTHS, LONGEST) if padded else LENGTHS
    rows = [row[:, :end] for row, end in zip(whole, ends, strict=True)]
    return np.array(
        [np.stack([row[:, 0], row.max(axis=1), row.mean(axis=1)], axis=1) for row in rows], np.float32
    )


def computed(backbone: Backbone, layout: str, split: str = "train") -> Block:
    lengths = packed_lengths(LONGEST) if backbone.packs_rows else bucket_lengths(LONGEST)
    lengths = [LONGEST] if layout == "padded" else lengths
    shape = BatchShape(lengths, 48, len(backbone.devices), backbone.packs_rows)
    rows, order = some_rows(), np.random.default_rng(2).permutation(len(LENGTHS))
    (plan,) = plan_blocks(cut({split: order}, 99), rows.tokens, shape).blocks
    return compute_block(backbone, plan, rows, layout)


@pytest.mark.parametrize(
    ("dtype", "forward", "layout", "layers"),
    [
        ("float32", "packed", "ragged", (0, 1, 2, 3)),
        ("float32", "packed", "pooled", (0, 1, 2, 3)),
        ("float32", "packed", "ragged", (0, 2)),
        ("float32", "packed", "pooled", (1,)),
        ("float32", "packed", "ragged", (3,)),
        ("float32", "stock", "ragged", (0, 1, 2, 3)),
        ("float32", "stock", "padded", (0, 1, 2, 3)),
        ("float32", "stock", "padded", (2,)),
        ("mixed", "packed", "ragged", (0, 1, 2, 3)),
        ("bfloat16", "packed", "ragged", (0, 1, 2, 3)),
        ("bfloat16", "stock", "ragged", (0, 1, 2, 3)),
    ],
)
def test_every_layer_is_the_stock_model_s(
    deep_backbone: Path, dtype: str, forward: str, layout: str, layers: tuple[int, ...]
) -> None:
    weights = load_weights(str(deep_backbone / "model.safetensors"))
    backbone = Backbone(ARCHITECTURE, weights, Precision(dtype, forward), "float32", None, layers)
    block = computed(backbone, layout)
    assert block.layers is not None
    expected = stock_states(deep_backbone, layout == "padded")[block.rows]
    assert block.layers.shape == (len(LENGTHS), len(layers), 3, DISTILBERT["dim"])
    np.testing.assert_allclose(block.layers, expected[:, list(layers)], rtol=0, atol=CLOSE[dtype])
    np.testing.assert_allclose(block.pooled, expected[:, LAYERS], rtol=0, atol=CLOSE[dtype])
    if LAYERS in layers:
        np.testing.assert_array_equal(block.layers[:, -1], block.pooled)


def test_a_bert_s_layers_are_those_of_the_distilbert_that_it_is(deep_backbone: Path, tmp_path: Path) -> None:
    save_file(as_bert(load_file(deep_backbone / "model.safetensors")), tmp_path / "model.safetensors")
    weights = load_weights(str(tmp_path / "model.safetensors"))
    block = computed(Backbone(ARCHITECTURE, weights, PACKED, "float32", None, range(4)), "ragged")
    assert block.layers is not None
    expected = stock_states(deep_backbone, False)[block.rows]
    np.testing.assert_allclose(block.layers, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_the_last_layer_is_pooled_from_its_rounded_tokens_as_ever(deep_backbone: Path, dtype: str) -> None:
    weights = load_weights(str(deep_backbone / "model.safetensors"))
    one = computed(Backbone(ARCHITECTURE, weights, PACKED, dtype, None, (1, 3)), "ragged")
    other = computed(Backbone(ARCHITECTURE, weights, PACKED, dtype), "ragged")
    assert one.layers is not None
    np.testing.assert_array_equal(one.hidden, other.hidden)
    np.testing.assert_array_equal(one.layers[:, 1], one.pooled)
    # a sum may be added up in another order
    np.testing.assert_allclose(
        one.pooled.astype(np.float32), other.pooled.astype(np.float32), rtol=EPSILON[dtype]
    )


def test_every_view_has_layers_of_its_own(deep_backbone: Path) -> None:
    weights = load_weights(str(deep_backbone / "model.safetensors"))
    dropout = Dropout(2, 42, 0.1, 0.1)
    backbone = Backbone(ARCHITECTURE, weights, EXACT, "float32", dropout, range(4))
    blocks = [computed(backbone, "ragged", split) for split in ("train", "train-view-1", "train-view-2")]
    plain, *views = [block.layers for block in blocks]
    np.testing.assert_allclose(plain, stock_states(deep_backbone, False)[blocks[0].rows], rtol=0, atol=1e-4)
    assert plain is not None
    for block, view in zip(blocks[1:], views, strict=True):
        assert view is not None
        np.testing.assert_array_equal(view[:, -1], block.pooled)
        assert (np.abs(view - plain).max(axis=(0, 2, 3)) > 0.1).all()
    assert not np.array_equal(*views)


@pytest.mark.parametrize(("layers", "layout"), [((0, 1), "pooled"), ((3,), "pooled"), ((1, 3), "ragged")])
def test_a_layer_that_the_dtype_cannot_hold_is_refused(
    deep_backbone: Path, layers: tuple[int, ...], layout: str
) -> None:
    weights = load_weights(str(deep_backbone / "model.safetensors"))
    number = str(max(0, layers[-1] - 1))
    norm = dict(weights["transformer"]["layer"][number]["output_layer_norm"])
    norm["bias"] = norm["bias"] - 70_000  # float16 ends at 65,504; a maximum hides it
    norm["scale"] = norm["scale"] * np.where(np.arange(16) == 0, 1e5, 1)
    weights["transformer"]["layer"][number]["output_layer_norm"] = norm
    with pytest.raises(UserError, match="float16 cannot hold; try `--dtype bfloat16`"):
        computed(Backbone(ARCHITECTURE, weights, PACKED, "float16", None, layers), layout)


@pytest.mark.parametrize("dtype", ["float32", "mixed", "bfloat16"])
def test_a_layer_is_the_last_of_the_encoder_that_ends_there(deep_backbone: Path, dtype: str) -> None:
    path, precision = str(deep_backbone / "model.safetensors"), Precision(dtype, "packed")
    whole = Backbone(ARCHITECTURE, load_weights(path), precision, "float32", None, range(LAYERS + 1))
    layers = computed(whole, "ragged").layers
    assert layers is not None
    for number in range(1, LAYERS):
        lower = Backbone(ended_at(ARCHITECTURE, number, "tiny"), load_weights(path, number), precision)
        pooled = computed(lower, "pooled").pooled
        np.testing.assert_allclose(layers[:, number], pooled, rtol=0, atol=1e-6)


ON_EIGHT = """
import sys, numpy as np
from tests.extract.features.test_compute_layers import *
backbone = Backbone(ARCHITECTURE, load_weights(sys.argv[1]), PACKED, "float32", None, (0, 1, 2, 3))
assert len(backbone.devices) == 8
np.save(sys.argv[2], computed(backbone, "ragged").layers)
"""


def test_eight_devices_give_what_one_gives(deep_backbone: Path, tmp_path: Path) -> None:
    """With more devices than some batches have rows for."""
    weights = str(deep_backbone / "model.safetensors")
    environment = os.environ | {
        "XLA_FLAGS": "--xla_force_host_platform_device_count=8",
        "JAX_PLATFORMS": "cpu",
    }
    command = [sys.executable, "-c", ON_EIGHT, weights, str(tmp_path / "out.npy")]
    subprocess.run(command, check=True, env=environment)
    backbone = Backbone(ARCHITECTURE, load_weights(weights), PACKED, "float32", None, range(4))
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), computed(backbone, "ragged").layers, atol=1e-4)
