"""Layers differ in scale a hundredfold: what reads several is trained on features of mean 0 and variance 1.

The two numbers of each feature are the training rows', and go into the kernel when training has ended: what is stored
is linear in the vectors as the cache holds them.
"""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, Float32

from headstart.heads.pooling import POOLED
from headstart.heads.registry import MixHead, PoolingHead


@runtime_checkable
class Standard(Protocol):
    """How pooled vectors are standardised."""

    @property
    def mean(self) -> Any:
        """Mean of each feature of each layer over the training rows, `[m, v, d]`."""

    @property
    def scale(self) -> Any:
        """1 / its standard deviation; 0 for a feature that is the same in all rows, such as [CLS] of layer 0."""


def standardised(layers: Float[Array, "b m v d"], standard: Standard | None) -> Float32[Array, "b m v d"]:
    """Pooled vectors of mean 0 and variance 1; as they are without a standard."""
    values = layers.astype(jnp.float32)
    return values if standard is None else (values - standard.mean) * standard.scale


def folded(
    head: PoolingHead | MixHead,
    params: Mapping[str, Any],
    standard: Standard,
    vectors: tuple[str, ...] = POOLED,
) -> dict[str, Any]:
    """Parameters for pooled vectors as they are, that give the logits of these for standardised ones.

    Args:
        head: What is trained; a mixture becomes one kernel over all layers, its `mix` the weights themselves.
        params: Its parameters, see `heads.modules.init`.
        standard: How its m layers were standardised.
        vectors: Names of the vectors that the standard has, in its order.
    """
    at = [vectors.index(name) for name in head.read]
    mean, scale = (
        np.asarray(part, np.float64)[:, at].reshape(-1, 1) for part in (standard.mean, standard.scale)
    )
    kernel, bias = (np.asarray(params["dense"][name], np.float64) for name in ("kernel", "bias"))
    mixed = {}
    if isinstance(head, MixHead):
        weights = np.asarray(jax.nn.softmax(params["mix"]), np.float64)
        mixed = {"mix": weights.astype(np.float32)}
        kernel = (weights[:, None, None] * kernel).reshape(-1, kernel.shape[-1])
    kernel = scale * kernel
    bias = bias - (mean * kernel).sum(axis=0)
    return {"dense": {"bias": bias.astype(np.float32), "kernel": kernel.astype(np.float32)}, **mixed}
