"""Weights in shards: the same tensors as in one file, or a message that says what is wrong with them."""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
from flax.serialization import msgpack_serialize
from safetensors.numpy import save_file

from headstart.cache import UserError
from headstart.extract.checkpoint.checkpoint import find_checkpoint
from headstart.extract.checkpoint.weight_files import (
    INDEX,
    WEIGHT_FILES,
    read_tensors,
    shard_paths,
    weights_sha256,
)
from headstart.extract.checkpoint.weights import load_weights, nest

from ..conftest import DISTILBERT, random_weights, save_backbone

SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")


def save_shards(folder: Path, weight_map: object = None, weights: dict[str, np.ndarray] | None = None) -> str:
    """The tiny backbone's weights in two shards, each with every second tensor; the index says so unless told else."""
    weights = weights or random_weights(DISTILBERT)
    places = {name: SHARDS[number % 2] for number, name in enumerate(sorted(weights))}
    for shard in SHARDS:
        save_file({name: weights[name] for name in places if places[name] == shard}, folder / shard)
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": weight_map or places}))
    return str(folder / INDEX)


def test_shards_give_the_tensors_of_one_file(tmp_path: Path, tiny_backbone: Path) -> None:
    np.testing.assert_equal(read_tensors(save_shards(tmp_path)), random_weights(DISTILBERT))
    whole = load_weights(str(tiny_backbone / "model.safetensors"))
    np.testing.assert_equal(load_weights(str(tmp_path / INDEX)), whole)


def test_a_folder_with_shards_is_a_checkpoint(tmp_path: Path) -> None:
    folder = save_backbone(tmp_path / "tiny", DISTILBERT, random_weights(DISTILBERT))
    whole = find_checkpoint(str(folder))
    index = save_shards(folder)
    assert find_checkpoint(str(folder)) == whole  # as transformers: one file comes first
    (folder / "model.safetensors").unlink()
    assert find_checkpoint(str(folder)).weights == index


def test_the_hash_follows_the_shards_in_the_order_of_their_names(tmp_path: Path) -> None:
    index = save_shards(tmp_path)
    digests = [hashlib.sha256((tmp_path / shard).read_bytes()).hexdigest() for shard in SHARDS]
    assert weights_sha256(index) == hashlib.sha256("".join(digests).encode()).hexdigest()
    before = weights_sha256(index)
    content = json.loads((tmp_path / INDEX).read_text())
    (tmp_path / INDEX).write_text(json.dumps({"weight_map": dict(reversed(content["weight_map"].items()))}))
    assert weights_sha256(index) == before
    (tmp_path / SHARDS[1]).write_bytes((tmp_path / SHARDS[1]).read_bytes() + b" ")
    assert weights_sha256(index) != before


@pytest.mark.parametrize(
    ("weight_map", "says"),
    [
        (["a"], "has no weight_map"),
        ("a", "has no weight_map"),
        (5, "has no weight_map"),
        ({"a": 5}, "names no file for a"),
        ({"a": None}, "names no file for a"),
        (
            {"a": "../elsewhere.safetensors"},
            "names the shard '../elsewhere.safetensors'; a .safetensors file beside",
        ),
        ({"a": "/etc/passwd"}, "names the shard '/etc/passwd'; a .safetensors file beside"),
        ({"a": "sub/x.safetensors"}, "a .safetensors file beside it is wanted"),
        ({"a": "pytorch_model.bin"}, "a .safetensors file beside it is wanted"),
        ({"a": ".."}, "a .safetensors file beside it is wanted"),
        (
            {"a": "model-00003-of-00002.safetensors"},
            "model-00003-of-00002.safetensors, which is missing",
        ),
    ],
)
def test_a_damaged_index(tmp_path: Path, weight_map: object, says: str) -> None:
    index = save_shards(tmp_path, weight_map)
    for use in (shard_paths, weights_sha256, load_weights):
        with pytest.raises(UserError, match=re.escape(says)):
            use(index)


@pytest.mark.parametrize("content", ["", "[", "[]", "[" * 100_000, "{}", '{"weight_map": {}}'])
def test_an_index_that_is_no_index(tmp_path: Path, content: str) -> None:
    (tmp_path / INDEX).write_text(content)
    with pytest.raises(UserError, match=re.escape(INDEX)):
        weights_sha256(str(tmp_path / INDEX))


def test_shards_that_hold_other_tensors_than_the_index_says(tmp_path: Path) -> None:
    index = save_shards(tmp_path)
    name = "embeddings.LayerNorm.bias"
    (shard,) = {
        shard for shard in SHARDS if json.loads((tmp_path / INDEX).read_text())["weight_map"][name] == shard
    }
    weights = random_weights(DISTILBERT)
    save_file({name: weights[name]}, tmp_path / next(other for other in SHARDS if other != shard))
    with pytest.raises(UserError, match=r"two shards hold embeddings.LayerNorm.bias"):
        load_weights(index)
    save_file({"other": weights[name]}, tmp_path / shard)
    with pytest.raises(UserError, match="no shard holds"):
        load_weights(index)


def test_a_pickle_is_never_a_weight_file() -> None:
    assert not [name for name in WEIGHT_FILES if "bin" in name or "pt" in name]


@pytest.mark.parametrize("kind", ["one file", "shards", "msgpack"])
def test_layers_above_the_last_are_not_read(tmp_path: Path, kind: str) -> None:
    """What is wrong with them does not matter."""
    weights = random_weights(DISTILBERT)
    below = {name: tensor for name, tensor in weights.items() if ".layer.1." not in name}
    broken = {name: tensor if name in below else tensor * np.nan for name, tensor in weights.items()}
    save_file(below, tmp_path / "below.safetensors")
    path = str(tmp_path / "model.safetensors")
    save_file(broken, path)
    if kind == "shards":
        path = save_shards(tmp_path, None, broken)
    elif kind == "msgpack":
        path = str(tmp_path / "flax_model.msgpack")
        Path(path).write_bytes(msgpack_serialize(nest(broken)))
    np.testing.assert_equal(load_weights(path, 1), load_weights(str(tmp_path / "below.safetensors")))
    with pytest.raises(UserError, match="holds NaN or infinity"):
        load_weights(path)


def test_a_shard_may_lack_what_is_not_read(tmp_path: Path) -> None:
    weights = random_weights(DISTILBERT)
    index = save_shards(tmp_path)
    save_file(
        {name: weights[name] for name in sorted(weights)[1::2] if ".layer.1." not in name},
        tmp_path / SHARDS[1],
    )
    assert set(load_weights(index, 1)["transformer"]["layer"]) == {"0"}
    with pytest.raises(UserError, match=r"no shard holds transformer\.layer\.1"):
        load_weights(index)
