"""Heads as Flax modules, and their first parameters."""

from collections.abc import Sequence
from typing import Any
from zlib import crc32

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array
from jax.nn.initializers import glorot_uniform, orthogonal
from jaxtyping import Bool, Float, Float32, Integer

from headstart.heads.cells import CELLS
from headstart.heads.pooling import mean_and_max, pool, select
from headstart.heads.recurrence import project, recur
from headstart.heads.registry import HEADS, Head, PoolingHead, RecurrentHead


def first_params(names: Sequence[str], width: int, seeds: int, outputs: int) -> dict[str, list[Any]]:
    """Parameters before the first step, of each head for each seed.

    Args:
        names: Names of the heads.
        width: Size of a token's vector.
        seeds: Number of seeds: 0, 1, ...
        outputs: Logits of each head.
    """
    return {name: [init(name, HEADS[name], width, seed, outputs) for seed in range(seeds)] for name in names}


Params = dict[str, Any]


def dense(outputs: int) -> nn.Dense:
    """The linear classifier at the end of every head, initialised as Keras does."""
    return nn.Dense(outputs, kernel_init=glorot_uniform(), name="dense")


class PoolingClassifier(nn.Module):
    """A `PoolingHead`: linear in pooled hidden states."""

    head: PoolingHead
    outputs: int = 1

    @nn.compact
    def classify(self, pooled: Float[Array, "b 3 d"]) -> Float32[Array, "b k"]:
        """Logits from the pooled vectors, which can be cached as the backbone is frozen."""
        return dense(self.outputs)(select(pooled, self.head.read))

    def __call__(self, hidden: Float[Array, "b t d"], mask: Bool[Array, "b t"]) -> Float32[Array, "b k"]:
        """Logits from hidden states."""
        return self.classify(pool(hidden, mask))


class Direction(nn.Module):
    """The weights of one recurrent direction, and a run over them."""

    head: RecurrentHead
    reverse: bool

    @nn.compact
    def __call__(
        self, hidden: Float[Array, "b t d"], mask: Bool[Array, "b t"]
    ) -> tuple[Float32[Array, "b u"], Float32[Array, "b t u"]]:
        """Last state and outputs, see `heads.recurrence.recur`."""
        cell, units = CELLS[self.head.cell], self.head.units
        weights = {
            "kernel": self.param("kernel", glorot_uniform(), (hidden.shape[-1], cell.gates * units)),
            "recurrent_kernel": self.param("recurrent_kernel", orthogonal(), (units, cell.gates * units)),
            "bias": self.param("bias", lambda _: cell.bias(units)),
        }
        return recur(cell, weights, project(weights, hidden, mask), mask, self.reverse)


class RecurrentClassifier(nn.Module):
    """A `RecurrentHead`: one or two recurrent directions, a read-out, a linear classifier."""

    head: RecurrentHead
    outputs: int = 1

    @nn.compact
    def __call__(self, hidden: Float[Array, "b t d"], mask: Bool[Array, "b t"]) -> Float32[Array, "b k"]:
        """Logits from hidden states."""
        names = ("forward", "backward") if self.head.bidirectional else ("forward",)
        runs = [Direction(self.head, name == "backward", name=name)(hidden, mask) for name in names]
        last, outputs = (jnp.concatenate(parts, axis=-1) for parts in zip(*runs, strict=True))
        return dense(self.outputs)(mean_and_max(outputs, mask) if self.head.pooled else last)


def build(head: Head, outputs: int = 1) -> PoolingClassifier | RecurrentClassifier:
    """The head as a module `(hidden [b, t, d], mask [b, t]) -> logits [b, outputs]`."""
    if isinstance(head, PoolingHead):
        return PoolingClassifier(head, outputs)
    return RecurrentClassifier(head, outputs)


def init(name: str, head: Head, width: int, seed: int | Integer[Array, ""], outputs: int = 1) -> Params:
    """Fresh parameters; their randomness depends on seed and name only, not on which other heads are trained.

    Args:
        name: The head's key in `HEADS`.
        head: Head to initialise.
        width: Features per token, d.
        seed: Seed; may be traced, so that `jax.vmap` can initialise many seeds at once.
        outputs: Logits per row, k.

    Returns:
        `dense`, and for recurrent heads `forward` and perhaps `backward`, each with Keras' weights by name.
    """
    # crc32, not hash(): Python salts hash() anew in every process
    key = jax.random.fold_in(jax.random.key(seed), crc32(name.encode()))
    one_token = jax.ShapeDtypeStruct((1, 1, width), jnp.float32), jax.ShapeDtypeStruct((1, 1), jnp.bool)
    # lazy: shapes suffice, and no scan is compiled only to be thrown away
    params: Params = build(head, outputs).lazy_init(key, *one_token)["params"]
    return params
