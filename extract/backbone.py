"""The frozen backbone on all local devices: the only file that touches transformers' Flax classes and `pmap`.

Both will have to be replaced some day: transformers 5 has no Flax, and `pmap` is `jit(shard_map)` by now.
"""

import time
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Float, Int
from transformers import DistilBertConfig, FlaxDistilBertModel
from transformers.utils import logging

from cache.errors import UserError
from extract.architecture import Architecture

CPU_BATCH_TOKENS = 1024  # on 2 cores 1,024 ran 1.2 times as fast as 2,048, and with less padding
ACCELERATOR_BATCH_TOKENS = 32_768


class Features(NamedTuple):
    """What the backbone makes of a batch; still on the devices until it is read.

    Attributes:
        hidden: last hidden states; positions at and after a row's length hold no meaning.
        pooled: first, maximum and mean vector over each row's real tokens.
    """

    hidden: Float[Array, "*b t d"]
    pooled: Float[Array, "*b 3 d"]


class Backbone:
    """`FlaxDistilBertModel` with its weights on every local device.

    Attributes:
        compile_seconds: time spent on compiling so far, one program for each shape of batch.
    """

    def __init__(
        self,
        architecture: Architecture,
        weights: dict[str, Any],
        compute_dtype: str = "float32",
        storage_dtype: str = "float32",
        matmul_precision: str = "highest",
    ) -> None:
        self.compile_seconds = 0.0
        self.devices = jax.local_devices()
        self._storage_dtype = jnp.dtype(storage_dtype)
        self._precision = matmul_precision
        self._module = _model(architecture, compute_dtype).module
        _check_weights(self._module, weights)
        self._weights = _replicate(weights, self.devices)
        self._forward = jax.pmap(self._features, in_axes=(None, 0, 0), devices=self.devices)
        self._compiled: dict[tuple[int, ...], Any] = {}

    def run(self, ids: Int[np.ndarray, "r t"], lengths: Int[np.ndarray, " r"]) -> Features:
        """Start the forward pass of one batch and return at once.

        Args:
            ids: token ids; what stands after a row's length does not matter.
            lengths: real tokens of each row, at least 1; the number of rows is a multiple of the devices.
        """
        count = len(self.devices)
        shards = ids.reshape(count, -1, ids.shape[1]), lengths.reshape(count, -1)
        features: Features = self._program(*shards)(self._weights, *shards)
        return features

    def _features(self, weights: Any, ids: Array, lengths: Array) -> Features:
        mask = jnp.arange(ids.shape[1]) < lengths[:, None]
        with jax.default_matmul_precision(self._precision):
            hidden = self._module.apply({"params": weights}, ids, mask.astype(jnp.int32))[0]
        hidden = hidden.astype(self._storage_dtype)
        return Features(hidden, _pool(hidden, mask))

    def _program(self, ids: np.ndarray, lengths: np.ndarray) -> Any:
        """Compile for a shape of batch when it first comes along."""
        if ids.shape not in self._compiled:
            start = time.perf_counter()
            self._compiled[ids.shape] = self._forward.lower(self._weights, ids, lengths).compile()
            self.compile_seconds += time.perf_counter() - start
        return self._compiled[ids.shape]


def device_count() -> int:
    """Number of local devices."""
    return jax.local_device_count()


def default_batch_tokens() -> int:
    """Padded tokens per device and batch: a CPU's caches hold few, an accelerator wants many."""
    return CPU_BATCH_TOKENS if jax.default_backend() == "cpu" else ACCELERATOR_BATCH_TOKENS


def describe_devices() -> dict[str, Any]:
    """Kind and number of the local devices, for the manifest."""
    devices = jax.local_devices()
    return {"platform": devices[0].platform, "kind": devices[0].device_kind, "devices": len(devices)}


def _model(architecture: Architecture, compute_dtype: str) -> FlaxDistilBertModel:
    logging.set_verbosity_error()  # it warns that Flax ends with version 5, which pyproject.toml excludes
    # The position table is always read from the checkpoint, sinusoidal or not.
    config = DistilBertConfig(**vars(architecture), sinusoidal_pos_embds=False)
    return FlaxDistilBertModel(config, dtype=jnp.dtype(compute_dtype), _do_init=False)


def _pool(hidden: Float[Array, "b t d"], mask: Array) -> Float[Array, "b 3 d"]:
    """Pool the values as they will be stored, so that pooled features fit the tokens in the cache."""
    kept = jnp.where(mask[..., None], hidden.astype(jnp.float32), 0)
    highest = jnp.where(mask[..., None], hidden, -jnp.inf).max(axis=1)
    mean = kept.sum(axis=1) / mask.sum(axis=1, keepdims=True)
    return jnp.stack([hidden[:, 0], highest, mean.astype(hidden.dtype)], axis=1)


def _replicate(weights: dict[str, Any], devices: list[jax.Device]) -> Any:
    """Copy the weights to every device once; handed over as NumPy they would be copied for every batch."""
    return jax.device_put(weights, NamedSharding(Mesh(np.array(devices), ("devices",)), PartitionSpec()))


def _check_weights(module: Any, weights: dict[str, Any]) -> None:
    """Refuse weights with other names or shapes than the model's parameters."""
    ids = jax.ShapeDtypeStruct((1, 1), jnp.int32)
    wanted = jax.eval_shape(module.init, jax.random.key(0), ids, ids)["params"]
    wanted_shapes, found_shapes = _shapes(wanted), _shapes(weights)
    for name in sorted(wanted_shapes | found_shapes):
        wanted_shape, found_shape = wanted_shapes.get(name, "none"), found_shapes.get(name, "none")
        if wanted_shape != found_shape:
            raise UserError(
                f"the checkpoint does not fit its config.json: "
                f"{name} has shape {found_shape}, wanted {wanted_shape}"
            )


def _shapes(weights: Any) -> dict[str, tuple[int, ...]]:
    leaves = jax.tree_util.tree_leaves_with_path(weights)
    return {jax.tree_util.keystr(path, simple=True, separator="."): leaf.shape for path, leaf in leaves}
