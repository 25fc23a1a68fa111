import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flax.serialization import msgpack_serialize
from safetensors.numpy import load_file, save_file

from headstart.cache import UserError
from headstart.extract.backbone.architecture import Architecture, read_architecture
from headstart.extract.backbone.distilbert import Backbone, Inputs
from headstart.extract.backbone.weights import fold_bert, load_weights

from ..conftest import DISTILBERT, random_weights
from ..oracle import hidden_states

ARCHITECTURE = Architecture(**{name: value for name, value in DISTILBERT.items() if name != "model_type"})
ROWS = [[2, 7, 9, 11, 3], [2, 8, 3], [2, 5, 6, 7, 8, 9, 10, 3]]

BERT_LAYER = {
    "attention.q_lin": "attention.self.query", "attention.k_lin": "attention.self.key",
    "attention.v_lin": "attention.self.value", "attention.out_lin": "attention.output.dense",
    "sa_layer_norm": "attention.output.LayerNorm", "ffn.lin1": "intermediate.dense",
    "ffn.lin2": "output.dense", "output_layer_norm": "output.LayerNorm",
}  # fmt: skip


@pytest.fixture(scope="module")
def backbone(tiny_backbone: Path) -> Backbone:
    return Backbone(ARCHITECTURE, load_weights(str(tiny_backbone / "model.safetensors")))


def one_per_sequence(rows: list[list[int]], length: int) -> Inputs:
    """Each row in a sequence of its own."""
    inputs = Inputs(*np.zeros((3, len(rows), length), np.int32))
    for at, row in enumerate(rows):
        inputs.ids[at, : len(row)] = row
        inputs.segments[at, : len(row)] = 1
        inputs.positions[at, : len(row)] = np.arange(len(row))
    return inputs


def run(backbone: Backbone, rows: list[list[int]], length: int) -> list[np.ndarray]:
    hidden = np.asarray(backbone.run(one_per_sequence(rows, length)))[0]
    return [h[: len(row)] for h, row in zip(hidden, rows, strict=True)]


def test_hidden_states_equal_the_oracle(backbone: Backbone) -> None:
    weights = random_weights(DISTILBERT)
    for row, found in zip(ROWS, run(backbone, ROWS, 8), strict=True):
        np.testing.assert_allclose(found, hidden_states(row, weights, layers=2, heads=2), atol=2e-5)


def test_bucket_batch_and_order_do_not_matter(backbone: Backbone) -> None:
    alone = [run(backbone, [row], len(row))[0] for row in ROWS]
    for order, length in (([0, 1, 2], 8), ([2, 0, 1], 16), ([1, 2, 1, 0], 11)):
        for at, found in zip(order, run(backbone, [ROWS[i] for i in order], length), strict=True):
            np.testing.assert_allclose(found, alone[at], atol=1e-4)


def test_a_shape_is_compiled_once(backbone: Backbone) -> None:
    run(backbone, ROWS, 8)
    before = backbone.programs.compile_seconds
    run(backbone, ROWS[::-1], 8)
    assert backbone.programs.compile_seconds == before


def test_all_layers_are_traced_as_one(monkeypatch: pytest.MonkeyPatch, tiny_backbone: Path) -> None:
    traced, real = [], Backbone._one_layer

    def one_layer(self: Backbone, weights: Any, rows: Any, hidden: Any, mask: Any) -> Any:
        traced.append(hidden.shape)
        return real(self, weights, rows, hidden, mask)

    monkeypatch.setattr(Backbone, "_one_layer", one_layer)
    run(Backbone(ARCHITECTURE, load_weights(str(tiny_backbone / "model.safetensors"))), ROWS, 8)
    assert traced == [(len(ROWS), 8, ARCHITECTURE.dim)]


def test_a_closed_backbone_leaves_another_of_the_same_weights_alone(tiny_backbone: Path) -> None:
    weights = load_weights(str(tiny_backbone / "model.safetensors"))
    first, second = Backbone(ARCHITECTURE, weights), Backbone(ARCHITECTURE, weights)
    before = run(second, ROWS, 8)
    first.close()
    for found, wanted in zip(run(second, ROWS, 8), before, strict=True):
        np.testing.assert_array_equal(found, wanted)
    with pytest.raises(RuntimeError, match="deleted"):
        run(first, ROWS, 8)


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


def test_weights_of_another_shape_are_refused(tiny_backbone: Path) -> None:
    wider = read_architecture(DISTILBERT | {"hidden_dim": 32}, "x")
    with pytest.raises(UserError, match=r"ffn.lin1.* has shape \(.*24.*\), wanted \(.*32"):
        Backbone(wider, load_weights(str(tiny_backbone / "model.safetensors")))


def test_a_damaged_weight_file(tiny_backbone: Path, tmp_path: Path) -> None:
    whole = (tiny_backbone / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="cannot be used"):
        load_weights(str(tmp_path / "model.safetensors"))


EIGHT_DEVICES = """
import sys, numpy as np, jax
from headstart.extract.backbone.distilbert import Backbone, Inputs
from tests.extract.test_backbone import ARCHITECTURE, load_weights
backbone = Backbone(ARCHITECTURE, load_weights(sys.argv[1]))
assert len(backbone.devices) == 8, backbone.devices
inputs = Inputs(*np.load(sys.argv[2]).values())
np.save(sys.argv[3], np.asarray(backbone.run(inputs)).reshape(16, 12, -1))
"""


def test_eight_devices_give_what_one_gives(backbone: Backbone, tiny_backbone: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    rows = [random.integers(5, 30, random.integers(2, 13)).tolist() for _ in range(16)]
    inputs = one_per_sequence(rows, 12)
    np.savez(tmp_path / "in.npz", ids=inputs.ids, segments=inputs.segments, positions=inputs.positions)
    weights = str(tiny_backbone / "model.safetensors")
    arguments = [
        sys.executable,
        "-c",
        EIGHT_DEVICES,
        weights,
        str(tmp_path / "in.npz"),
        str(tmp_path / "out.npy"),
    ]
    environment = os.environ | {
        "XLA_FLAGS": "--xla_force_host_platform_device_count=8",
        "JAX_PLATFORMS": "cpu",
    }
    subprocess.run(arguments, check=True, env=environment)
    mask = inputs.segments > 0
    one = np.asarray(backbone.run(inputs))[0]
    np.testing.assert_allclose(np.load(tmp_path / "out.npy")[mask], one[mask], atol=1e-4)
