"""A checkpoint's weight file, or the shards that an index names: their hash, and their tensors by PyTorch's names."""

import hashlib
import os
from collections.abc import Callable

import numpy as np

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.files import file_sha256, read_json_object

INDEX = "model.safetensors.index.json"
WEIGHT_FILES = ("model.safetensors", INDEX, "flax_model.msgpack")
"""Names of weight files in the order in which they are looked for; never a pickle."""

Tensors = dict[str, np.ndarray]


def weights_sha256(path: str) -> str:
    """SHA-256 of a weight file, or of its shards' SHA-256 in the order of their names.

    Raises:
        UserError: a shard is missing, or the index is damaged.
    """
    if not path.endswith(INDEX):
        return file_sha256(path)
    return hashlib.sha256("".join(map(file_sha256, shard_paths(path))).encode()).hexdigest()


def weight_bytes(path: str) -> int:
    """Size of a weight file, or of its shards together.

    Raises:
        UserError: a shard is missing, or the index is damaged.
    """
    return sum(map(os.path.getsize, shard_paths(path) if path.endswith(INDEX) else [path]))


def read_tensors(path: str, needed: Callable[[str], bool] = lambda name: True) -> Tensors:
    """Read the tensors of a weight file, or of its shards.

    Args:
        path: Path of the file, or of the index of its shards.
        needed: Whether a tensor of such a name is to be read.

    Raises:
        UserError: the index is damaged, or the shards hold other tensors than it says.
    """
    if path.endswith(".msgpack"):
        return {name: tensor for name, tensor in _read_msgpack(path).items() if needed(name)}
    return _read_shards(path, needed) if path.endswith(INDEX) else _read_safetensors(path, needed)


def shard_paths(index: str) -> list[str]:
    """Paths of the shards of an index, by name.

    Raises:
        UserError: the index is damaged, or names a file that is not beside it.
    """
    names = sorted(set(_weight_map(index).values()))
    paths = [os.path.join(os.path.dirname(index), name) for name in names]
    for name, path in zip(names, paths, strict=True):
        if os.path.basename(name) != name or not name.endswith(".safetensors"):
            raise UserError(
                f"{index} names the shard {name[:100]!r}; a .safetensors file beside it is wanted"
            )
        if not os.path.isfile(path):
            raise UserError(
                f"{index} names the shard {name}, which is missing: download the checkpoint again"
            )
    return paths


def _weight_map(index: str) -> dict[str, str]:
    weight_map = read_json_object(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise UserError(f"{index} has no weight_map, which says in which shard each tensor is")
    if odd := [name for name, shard in weight_map.items() if not isinstance(shard, str)]:
        raise UserError(f"the weight_map of {index} names no file for {odd[0]}")
    return weight_map


def _read_shards(index: str, needed: Callable[[str], bool]) -> Tensors:
    tensors: Tensors = {}
    for path in shard_paths(index):
        shard = _read_safetensors(path, needed)
        if twice := tensors.keys() & shard.keys():
            raise ValueError(f"two shards hold {min(twice)}")
        tensors |= shard
    names = {_renamed(name, TENSORFLOW) for name in _weight_map(index)}
    if missing := set(filter(needed, names)) - tensors.keys():
        raise ValueError(f"no shard holds {min(missing)}")
    return tensors


TENSORFLOW = {"gamma": "weight", "beta": "bias"}
"""Leaves of LayerNorms in checkpoints that passed through TensorFlow."""
FLAX = {"kernel": "weight", "scale": "weight", "embedding": "weight"}


def _read_safetensors(path: str, needed: Callable[[str], bool]) -> Tensors:
    from safetensors import safe_open

    with safe_open(path, framework="np") as file:
        names = [name for name in file.keys() if needed(name)]  # noqa: SIM118  # it is no mapping
        return {_renamed(name, TENSORFLOW): file.get_tensor(name) for name in names}


def _read_msgpack(path: str) -> Tensors:
    """Read Flax's own format under PyTorch's names, so that both take the same way."""
    from flax.serialization import msgpack_restore
    from flax.traverse_util import flatten_dict

    with open(path, "rb") as file:
        flat = flatten_dict(msgpack_restore(file.read()), sep=".")
    tensors = {name: np.asarray(tensor) for name, tensor in flat.items()}
    return {
        _renamed(name, FLAX): tensor.T if name.endswith(".kernel") else tensor
        for name, tensor in tensors.items()
    }


def _renamed(name: str, leaves: dict[str, str]) -> str:
    path, point, leaf = name.rpartition(".")
    return f"{path}{point}{leaves.get(leaf, leaf)}"
