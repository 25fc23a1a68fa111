"""Each device computes its share; `pmap` and what stands in its place give the same bits."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from headstart.extract.backbone import distilbert
from headstart.extract.backbone.devices import describe_devices, map_shares, replicate
from headstart.extract.backbone.distilbert import Backbone, Inputs
from headstart.extract.backbone.precision import Precision
from headstart.extract.checkpoint.weights import load_weights

from .test_distilbert import ARCHITECTURE

ROOT = Path(__file__).parents[3]
PRECISIONS = [
    Precision("float32", "stock"),
    Precision("mixed", "packed"),
]
DEVICES = """
import sys
from tests.extract.backbone.test_devices import compare_forms
compare_forms(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
"""


def batch(devices: int) -> Inputs:
    """Two sequences a device of two rows each, with padding, and both rows of each to pool."""
    segments = np.tile(np.array([1] * 5 + [2] * 4 + [0] * 3, np.int32), (2 * devices, 1))
    positions = np.tile(np.array([*range(5), *range(4), 0, 0, 0], np.int32), (2 * devices, 1))
    ids = np.random.default_rng(4).integers(0, ARCHITECTURE.vocab_size, segments.shape, np.int32)
    starts, lengths = (
        np.array([[0, 5, 12, 17]] * devices, np.int32),
        np.array([[5, 4, 5, 4]] * devices, np.int32),
    )
    return Inputs(ids, segments, positions, None, starts, lengths)


def encode(weights: str, precision: Precision) -> tuple[np.ndarray, np.ndarray]:
    backbone = Backbone(ARCHITECTURE, load_weights(weights), precision, layers=(0, 1, 2))
    states = backbone.run(batch(len(backbone.devices)))
    assert states.layers is not None
    return np.asarray(states.hidden), np.asarray(states.layers)


def compare_forms(weights: str, devices: int, number: int) -> None:
    """Hidden states and pooled layers by `pmap`, and by `jit` of `shard_map`, on so many devices."""
    assert describe_devices()["devices"] == devices
    for precision in PRECISIONS[number:][:1]:
        expected = encode(weights, precision)
        used: list[int] = []

        def without_pmap(function: object, chosen: list[jax.Device], used: list[int] = used) -> object:
            used.append(len(chosen))
            return map_shares(function, chosen, pmap=None)  # type: ignore[arg-type]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(distilbert, "map_shares", without_pmap)
            actual = encode(weights, precision)
        assert used == [devices]
        for one, other in zip(expected, actual, strict=True):
            assert one.shape[0] == devices
            np.testing.assert_array_equal(one, other, err_msg=str(precision))


FURTHER = [pytest.param(*case, marks=pytest.mark.slow) for case in ((1, 0), (1, 1), (8, 0))]


@pytest.mark.parametrize(("devices", "number"), [*FURTHER, (8, 1)])
def test_both_forms_give_the_same_bits(devices: int, number: int, tiny_backbone: Path) -> None:
    weights = str(tiny_backbone / "model.safetensors")
    environment = os.environ | {"JAX_NUM_CPU_DEVICES": str(devices), "XLA_FLAGS": "", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", DEVICES, weights, str(devices), str(number)]
    subprocess.run(command, check=True, env=environment, cwd=ROOT)


@pytest.mark.parametrize("pmap", [jax.pmap, None])
def test_weights_are_shared_and_batches_are_dealt(pmap: object) -> None:
    devices = jax.local_devices()
    weights = replicate({"scale": np.arange(3.0, dtype=np.float32)}, devices)
    shares = np.arange(6.0 * len(devices), dtype=np.float32).reshape(len(devices), 2, 3)
    scaled = map_shares(lambda w, share: {"y": share * w["scale"]}, devices, pmap)(weights, shares)
    np.testing.assert_array_equal(scaled["y"], shares * np.arange(3.0, dtype=np.float32))
