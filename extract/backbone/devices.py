"""One function on all local devices, each with its share of a batch: the only file that knows `pmap`.

JAX's newer releases make `pmap` of `jit` and `shard_map`, and say that it will go; where it has gone, we write the same
two. Both forms give the same bits.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

CPU_BATCH_TOKENS = 768
"""Tokens of a batch that fit a core's cache of 2 MB beside a weight; 1,024 tokens of width 768 do not."""
ACCELERATOR_BATCH_TOKENS = 32_768
AXIS = "devices"

PMAP: Any = getattr(jax, "pmap", None)

Share = Callable[[Any, Any], Any]
"""A function of the weights and of one device's share."""


def map_shares(function: Share, devices: Sequence[jax.Device], pmap: Any = PMAP) -> Any:
    """The function on several devices at once, to be lowered and compiled.

    Args:
        function: Takes the weights, which lie on every device, and one device's share.
        devices: The devices.
        pmap: JAX's; None writes it as `jit` of `shard_map`.

    Returns:
        A function of the weights and of all shares, `[devices, ...]`; its results are `[devices, ...]` too.
    """
    if pmap is not None:
        return pmap(function, in_axes=(None, 0), devices=devices)

    def one_share(weights: Any, share: Any) -> Any:
        result = function(weights, jax.tree.map(lambda values: values[0], share))
        return jax.tree.map(lambda values: values[None], result)

    specs = (PartitionSpec(), PartitionSpec(AXIS))
    shares = jax.shard_map(
        one_share, mesh=_mesh(devices), in_specs=specs, out_specs=specs[1], check_vma=False
    )
    return jax.jit(shares)


def replicate(weights: dict[str, Any], devices: Sequence[jax.Device]) -> Any:
    """Copy the weights to every device once; handed over as NumPy they would be copied for every batch."""
    return jax.device_put(weights, NamedSharding(_mesh(devices), PartitionSpec()))


def default_batch_tokens() -> int:
    """Padded tokens per device and batch: a CPU's caches hold few, an accelerator wants many."""
    return CPU_BATCH_TOKENS if jax.default_backend() == "cpu" else ACCELERATOR_BATCH_TOKENS


def describe_devices() -> dict[str, Any]:
    """Kind and number of the local devices, for the manifest."""
    devices = jax.local_devices()
    return {"platform": devices[0].platform, "kind": devices[0].device_kind, "devices": len(devices)}


def _mesh(devices: Sequence[jax.Device]) -> Mesh:
    return Mesh(np.array(devices), (AXIS,))
