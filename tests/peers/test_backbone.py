"""Our backbone beside PyTorch's: same random weights, same ids. `make peers` runs this."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headstart.extract.backbone.distilbert import Backbone, Inputs
from headstart.extract.checkpoint.architecture import read_architecture
from headstart.extract.checkpoint.checkpoint import find_checkpoint
from headstart.extract.checkpoint.weights import load_weights

pytestmark = pytest.mark.peer

SHAPE = {"vocab_size": 300, "max_position_embeddings": 160}
SIZES = {
    "distilbert": {"dim": 48, "n_layers": 3, "n_heads": 4, "hidden_dim": 112},
    "bert": {"hidden_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 112},
}
LENGTHS = np.array([150, 3, 61, 128, 17, 1, 99, 150], np.int32)


def random_model(kind: str) -> Any:
    """A model whose every parameter is random; PyTorch itself starts with zero biases and unit norms."""
    import torch
    from transformers import BertConfig, BertModel, DistilBertConfig, DistilBertModel

    torch.manual_seed(1)
    classes = {"distilbert": (DistilBertConfig, DistilBertModel), "bert": (BertConfig, BertModel)}
    config, model = classes[kind]
    made = model(config(**SIZES[kind], **SHAPE)).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return made


def wanted(model: Any, ids: np.ndarray) -> list[np.ndarray]:
    """Hidden states of the real tokens, one row at a time without any padding."""
    import torch  # not at the top: only make peers installs it

    with torch.no_grad():
        return [
            model(torch.tensor(row[None, :length])).last_hidden_state[0].numpy()
            for row, length in zip(ids, LENGTHS, strict=True)
        ]


def found(backbone: Backbone, ids: np.ndarray) -> list[np.ndarray]:
    positions = np.broadcast_to(np.arange(ids.shape[1], dtype=np.int32), ids.shape)
    segments = (positions < LENGTHS[:, None]).astype(np.int32)
    hidden = np.asarray(backbone.run(Inputs(ids, segments, positions)).hidden)[0]
    return [row[:length] for row, length in zip(hidden, LENGTHS, strict=True)]


def largest_difference(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    return max(float(np.abs(a - b).max()) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("kind", ["distilbert", "bert"])
def test_hidden_states_equal_pytorch_s(kind: str, tmp_path: Path) -> None:
    model = random_model(kind)
    model.save_pretrained(tmp_path)
    architecture = read_architecture(model.config.to_dict(), kind)
    backbone = Backbone(architecture, load_weights(str(tmp_path / "model.safetensors")))
    ids = np.random.default_rng(0).integers(0, 300, (len(LENGTHS), 150), dtype=np.int32)
    difference = largest_difference(found(backbone, ids), wanted(model, ids))
    print(f"{kind}: largest difference {difference:.1e}")
    assert difference < 1e-4


def test_minilm_equals_pytorch_s() -> None:
    from transformers import BertModel

    checkpoint = find_checkpoint("minilm")
    architecture = read_architecture(checkpoint.config, "minilm")
    backbone = Backbone(architecture, load_weights(checkpoint.weights))
    ids = np.random.default_rng(0).integers(1000, 30_000, (len(LENGTHS), 150), dtype=np.int32)
    model = BertModel.from_pretrained(checkpoint.folder).eval()
    difference = largest_difference(found(backbone, ids), wanted(model, ids))
    print(f"minilm: largest difference {difference:.1e}")
    assert difference < 1e-4
