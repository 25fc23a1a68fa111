import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headstart.cache import UserError
from headstart.extract.backbone.distilbert import Backbone, Inputs
from headstart.extract.checkpoint.architecture import Architecture, read_architecture
from headstart.extract.checkpoint.weights import load_weights

from ..conftest import DISTILBERT, random_weights
from ..oracle import hidden_states

ARCHITECTURE = Architecture(**{name: value for name, value in DISTILBERT.items() if name != "model_type"})
ROWS = [[2, 7, 9, 11, 3], [2, 8, 3], [2, 5, 6, 7, 8, 9, 10, 3]]


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
    hidden = np.asarray(backbone.run(one_per_sequence(rows, length)).hidden)[0]
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


def test_weights_of_another_shape_are_refused(tiny_backbone: Path) -> None:
    wider = read_architecture(DISTILBERT | {"hidden_dim": 32}, "x")
    with pytest.raises(UserError, match=r"ffn.lin1.* has shape \(.*24.*\), wanted \(.*32"):
        Backbone(wider, load_weights(str(tiny_backbone / "model.safetensors")))


EIGHT_DEVICES = """
import sys, numpy as np, jax
from headstart.extract.backbone.distilbert import Backbone, Inputs
from tests.extract.backbone.test_distilbert import ARCHITECTURE, load_weights
backbone = Backbone(ARCHITECTURE, load_weights(sys.argv[1]))
assert len(backbone.devices) == 8, backbone.devices
inputs = Inputs(*np.load(sys.argv[2]).values())
np.save(sys.argv[3], np.asarray(backbone.run(inputs).hidden).reshape(16, 12, -1))
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
    one = np.asarray(backbone.run(inputs).hidden)[0]
    np.testing.assert_allclose(np.load(tmp_path / "out.npy")[mask], one[mask], atol=1e-4)
