"""Pooled vectors of every layer beside PyTorch's `output_hidden_states`, pooled in NumPy. `make peers` runs this."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from headstart.extract.backbone.distilbert import Backbone
from headstart.extract.backbone.precision import Precision
from headstart.extract.checkpoint.architecture import read_architecture
from headstart.extract.checkpoint.weights import load_weights
from headstart.extract.features.blocks import cut, plan_blocks
from headstart.extract.features.compute import TokenizedRows, compute_block
from headstart.extract.features.packing import BatchShape, bucket_lengths, packed_lengths
from headstart.extract.text.tokenizer import Tokens

from .test_backbone import LENGTHS as SOME
from .test_backbone import random_model

pytestmark = pytest.mark.peer

LENGTHS = np.concatenate([SOME, np.random.default_rng(2).integers(1, 151, 40)]).astype(np.int32)
EIGHT = "--xla_force_host_platform_device_count=8"


def some_tokens() -> Tokens:
    ids = np.random.default_rng(0).integers(0, 300, LENGTHS.sum(), dtype=np.int32)
    count = len(LENGTHS)
    return Tokens(ids, LENGTHS, np.zeros(count, np.uint8), np.ones(count, np.int64), padding=0)


def ours(folder: str, forward: str) -> np.ndarray:
    """Pooled vectors of all states of a checkpoint, `[b, L + 1, 3, d]`."""
    architecture = read_architecture(json.loads(Path(folder, "config.json").read_text()), "random")
    weights, precision = load_weights(f"{folder}/model.safetensors"), Precision("float32", forward)
    layers = range(architecture.n_layers + 1)
    backbone = Backbone(architecture, weights, precision, "float32", None, layers)
    lengths = packed_lengths(150) if precision.packed else bucket_lengths(150)
    shape = BatchShape(lengths, 600, len(backbone.devices), precision.packed)
    tokens, count = some_tokens(), len(LENGTHS)
    rows = TokenizedRows(tokens, np.zeros(count, np.int32), np.arange(count))
    (plan,) = plan_blocks(cut({"train": np.arange(count)}, count), tokens, shape).blocks
    layers = compute_block(backbone, plan, rows, "ragged").layers
    assert layers is not None
    return layers


def theirs(model: object) -> np.ndarray:
    import torch  # not at the top: only make peers installs it

    rows, pooled = np.split(some_tokens().ids, np.cumsum(LENGTHS)[:-1]), []
    with torch.no_grad():
        for row in rows:
            states = model(torch.tensor(row[None]), output_hidden_states=True).hidden_states  # type: ignore[operator]
            arrays = [state[0].numpy() for state in states]
            pooled.append([[a[0], a.max(axis=0), a.mean(axis=0)] for a in arrays])
    return np.array(pooled)


@pytest.mark.parametrize("devices", [1, 8])
@pytest.mark.parametrize("forward", ["packed", "stock"])
@pytest.mark.parametrize("kind", ["distilbert", "bert"])
def test_every_layer_equals_pytorch_s(kind: str, forward: str, devices: int, tmp_path: Path) -> None:
    model = random_model(kind)
    model.save_pretrained(tmp_path)
    if devices == 1:
        layers = ours(str(tmp_path), forward)
    else:
        code = (
            f"import numpy, sys; from {__name__} import ours; numpy.save(sys.argv[2], ours(*sys.argv[1::2]))"
        )
        command = [sys.executable, "-c", code, str(tmp_path), str(tmp_path / "layers.npy"), forward]
        subprocess.run(command, check=True, env=os.environ | {"XLA_FLAGS": EIGHT, "JAX_PLATFORMS": "cpu"})
        layers = np.load(tmp_path / "layers.npy")
    expected = theirs(model)
    assert layers.shape == expected.shape
    difference = np.abs(layers - expected).max(axis=(0, 2, 3))
    shown = ", ".join(f"{number:.1e}" for number in difference)
    print(f"{kind}, {forward}, {devices} devices: largest difference of each state {shown}")
    assert difference.max() < 1e-4
