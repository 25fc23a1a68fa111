"""Checkpoints of all kinds, read as the same parameters."""

from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from flax.serialization import msgpack_serialize
from safetensors.numpy import load_file, save_file

from headstart.cache import UserError
from headstart.extract.backbone.distilbert import Backbone
from headstart.extract.checkpoint.weights import fold_bert, load_weights, without_prefix

from ..backbone.test_distilbert import ARCHITECTURE, ROWS, run
from ..conftest import DISTILBERT, random_weights

BERT_LAYER = {
    "attention.q_lin": "attention.self.query", "attention.k_lin": "attention.self.key",
    "attention.v_lin": "attention.self.value", "attention.out_lin": "attention.output.dense",
    "sa_layer_norm": "attention.output.LayerNorm", "ffn.lin1": "intermediate.dense",
    "ffn.lin2": "output.dense", "output_layer_norm": "output.LayerNorm",
}  # fmt: skip


@pytest.fixture(scope="module")
def backbone(tiny_backbone: Path) -> Backbone:
    return Backbone(ARCHITECTURE, load_weights(str(tiny_backbone / "model.safetensors")))


def as_bert(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Rename a DistilBERT's weights to BERT's and take a segment embedding out of its positions."""
    renamed = {}
    for name, tensor in weights.items():
        for ours, theirs in BERT_LAYER.items():
            name = name.replace(f".{ours}.", f".{theirs}.")
        renamed[f"bert.{name.replace('transformer.layer', 'encoder.layer')}"] = tensor
    segments = np.random.default_rng(5).standard_normal((2, DISTILBERT["dim"]), np.float32)
    renamed["bert.embeddings.position_embeddings.weight"] -= segments[0]
    extra = {"bert.embeddings.token_type_embeddings.weight": segments, "bert.pooler.dense.weight": segments}
    return renamed | extra | {"bert.embeddings.position_ids": np.arange(3)}


def test_a_bert_folds_into_the_same_distilbert(backbone: Backbone, tmp_path: Path) -> None:
    save_file(as_bert(random_weights(DISTILBERT)), tmp_path / "model.safetensors")
    folded = Backbone(ARCHITECTURE, load_weights(str(tmp_path / "model.safetensors")))
    for found, wanted in zip(run(folded, ROWS, 8), run(backbone, ROWS, 8), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_folding_keeps_no_segment_embedding() -> None:
    names = fold_bert(
        {name.removeprefix("bert."): w for name, w in as_bert(random_weights(DISTILBERT)).items()}
    )
    assert not any("token_type" in name for name in names)
    assert set(random_weights(DISTILBERT)) <= set(names)


def test_flax_s_own_format_gives_the_same_weights(
    backbone: Backbone, tiny_backbone: Path, tmp_path: Path
) -> None:
    weights = {"distilbert": load_weights(str(tiny_backbone / "model.safetensors"))}
    (tmp_path / "flax_model.msgpack").write_bytes(msgpack_serialize(weights))
    again = Backbone(ARCHITECTURE, load_weights(str(tmp_path / "flax_model.msgpack")))
    np.testing.assert_equal(run(again, ROWS, 8), run(backbone, ROWS, 8))


def test_gamma_and_beta_are_layer_norm_s_weight_and_bias(tiny_backbone: Path, tmp_path: Path) -> None:
    def old_name(name: str) -> str:
        norm = "orm." in name
        return name.replace(".weight", ".gamma").replace(".bias", ".beta") if norm else name

    tensors = load_file(tiny_backbone / "model.safetensors")
    save_file({old_name(name): tensor for name, tensor in tensors.items()}, tmp_path / "model.safetensors")
    old = load_weights(str(tmp_path / "model.safetensors"))
    new = load_weights(str(tiny_backbone / "model.safetensors"))
    np.testing.assert_equal(old, new)


def test_a_damaged_weight_file(tiny_backbone: Path, tmp_path: Path) -> None:
    whole = (tiny_backbone / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="cannot be used"):
        load_weights(str(tmp_path / "model.safetensors"))


@pytest.mark.parametrize(
    "prefix",
    ["", "distilbert.", "module.", "module.distilbert.", "0.auto_model.", "model.", "encoder.", "a.b.c.d."],
)
def test_any_single_prefix_is_taken_off(tiny_backbone: Path, tmp_path: Path, prefix: str) -> None:
    tensors = {f"{prefix}{name}": tensor for name, tensor in random_weights(DISTILBERT).items()}
    extra = {f"{prefix}embeddings.position_ids": np.arange(4), "classifier.weight": np.full((2, 2), np.nan)}
    save_file(tensors | extra, tmp_path / "model.safetensors")
    plain = load_weights(str(tiny_backbone / "model.safetensors"))
    np.testing.assert_equal(load_weights(str(tmp_path / "model.safetensors")), plain)


def test_a_bert_with_a_task_s_head_and_another_prefix(backbone: Backbone, tmp_path: Path) -> None:
    bert = as_bert(random_weights(DISTILBERT))
    tensors = {f"module.{name}": tensor for name, tensor in bert.items()}
    head = {"module.cls.predictions.bias": np.ones(3), "module.cls.seq_relationship.weight": np.ones((2, 3))}
    save_file(tensors | head, tmp_path / "model.safetensors")
    folded = Backbone(ARCHITECTURE, load_weights(str(tmp_path / "model.safetensors")))
    for found, wanted in zip(run(folded, ROWS, 8), run(backbone, ROWS, 8), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize(
    ("prefixes", "says"),
    [
        (("student.", "teacher."), "whole encoders: 'student.', 'teacher.'"),
        (("", "bert."), "whole encoders: '', 'bert.'"),
        ((), "whole encoders: none"),
        (("no_dot_",), "whole encoders: none"),
    ],
)
def test_none_or_two_encoders_are_refused(tmp_path: Path, prefixes: tuple[str, ...], says: str) -> None:
    weights = random_weights(DISTILBERT)
    tensors = {f"{prefix}{name}": tensor for prefix in prefixes for name, tensor in weights.items()}
    save_file(tensors | {"other.weight": np.ones(2)}, tmp_path / "model.safetensors")
    with pytest.raises(UserError, match=f"one encoder is wanted, .*{says}"):
        load_weights(str(tmp_path / "model.safetensors"))


def test_an_embedding_alone_is_no_second_encoder() -> None:
    tensors = {f"discriminator.{name}": tensor for name, tensor in random_weights(DISTILBERT).items()}
    lone = {"generator.embeddings.word_embeddings.weight": np.ones((3, 2))}
    assert without_prefix(tensors | lone).keys() == random_weights(DISTILBERT).keys()


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float64])
def test_tensors_of_other_dtypes_become_float32(tmp_path: Path, dtype: type) -> None:
    weights = {name: tensor.astype(dtype) for name, tensor in random_weights(DISTILBERT).items()}
    save_file(weights, tmp_path / "model.safetensors")
    loaded = load_weights(str(tmp_path / "model.safetensors"))
    table = loaded["embeddings"]["word_embeddings"]["embedding"]
    assert table.dtype == np.float32
    np.testing.assert_array_equal(table, weights["embeddings.word_embeddings.weight"].astype(np.float32))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32])
def test_quantized_weights_are_refused(tmp_path: Path, dtype: type) -> None:
    weights = random_weights(DISTILBERT)
    name = "transformer.layer.0.ffn.lin1.weight"
    save_file(weights | {name: weights[name].astype(dtype)}, tmp_path / "model.safetensors")
    with pytest.raises(UserError, match=rf"{name} holds u?int\d+: quantized weights do not work"):
        load_weights(str(tmp_path / "model.safetensors"))
