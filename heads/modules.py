"""Heads as Flax modules, and their first parameters."""

from collections.abc import Sequence
from typing import Any
from zlib import crc32

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array
from jax.nn.initializers import glorot_uniform, orthogonal, zeros
from jaxtyping import Bool, Float, Float32, Integer

from headstart.heads.cells import CELLS
from headstart.heads.pooling import concatenate, mean_and_max, pool, select
from headstart.heads.recurrence import project, recur
from headstart.heads.registry import AttentionHead, Head, MixHead, PoolingHead, RecurrentHead
from headstart.heads.spec import HeadSpec
from headstart.heads.standard import Standard, standardised


def first_params(specs: Sequence[HeadSpec], width: int, seeds: int, outputs: int) -> dict[str, list[Any]]:
    """Parameters before the first step, of each head for each seed.

    Args:
        specs: The heads.
        width: Size of a token's vector.
        seeds: Number of seeds: 0, 1, ...
        outputs: Logits of each head.
    """
    return {
        spec.name: [
            init(spec.name, spec.head, width, seed, outputs, len(spec.layers)) for seed in range(seeds)
        ]
        for spec in specs
    }


Params = dict[str, Any]


def dense(outputs: int) -> nn.Dense:
    """The linear classifier at the end of every head, initialised as Keras does."""
    return nn.Dense(outputs, kernel_init=glorot_uniform(), name="dense")


def dense_from_zero(outputs: int) -> nn.Dense:
    """The linear classifier of heads on standardised layers.

    Of thousands of features many directions are never trained, and what a random kernel says of them stays: on 3,816
    comments it cost the concatenation of all layers 1.5 points.
    """
    return nn.Dense(outputs, kernel_init=zeros, name="dense")


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


class AttentionClassifier(nn.Module):
    """An `AttentionHead`: each query's mean of the tokens, weighted by a softmax over them, and a linear classifier."""

    head: AttentionHead
    outputs: int = 1

    @nn.compact
    def __call__(self, hidden: Float[Array, "b t d"], mask: Bool[Array, "b t"]) -> Float32[Array, "b k"]:
        """Logits from hidden states."""
        tokens = jnp.where(mask[..., None], hidden, 0).astype(jnp.float32)
        queries = self.param("queries", glorot_uniform(), (hidden.shape[-1], self.head.queries))
        scores = jnp.where(mask[..., None], tokens @ queries, -jnp.inf)
        means = jnp.einsum("btq,btd->bqd", jax.nn.softmax(scores, axis=1), tokens)
        return dense(self.outputs)(means.reshape(len(means), -1))


class LayersClassifier(nn.Module):
    """A `PoolingHead` on one or more layers: linear in their pooled vectors, standardised and concatenated."""

    head: PoolingHead
    outputs: int = 1

    @nn.compact
    def __call__(
        self, layers: Float[Array, "b m 3 d"], standard: Standard | None = None
    ) -> Float32[Array, "b k"]:
        """Logits from the pooled vectors of the m layers that the head reads."""
        features = concatenate(standardised(layers, standard), self.head.read)
        return dense_from_zero(self.outputs)(features.reshape(len(features), -1))


class MixClassifier(nn.Module):
    """A `MixHead`: the mean of all layers' standardised vectors under learnt weights, and a linear classifier."""

    head: MixHead
    outputs: int = 1

    @nn.compact
    def __call__(
        self, layers: Float[Array, "b m 3 d"], standard: Standard | None = None
    ) -> Float32[Array, "b k"]:
        """Logits from the pooled vectors of all m layers."""
        features = concatenate(standardised(layers, standard), self.head.read)
        weights = jax.nn.softmax(self.param("mix", zeros, (layers.shape[1],)))
        return dense_from_zero(self.outputs)(jnp.einsum("m,bmf->bf", weights, features))


def build(head: Head, outputs: int = 1) -> PoolingClassifier | RecurrentClassifier | AttentionClassifier:
    """A head of the last layer as a module `(hidden [b, t, d], mask [b, t]) -> logits [b, outputs]`."""
    if isinstance(head, PoolingHead):
        return PoolingClassifier(head, outputs)
    if isinstance(head, AttentionHead):
        return AttentionClassifier(head, outputs)
    assert isinstance(head, RecurrentHead)
    return RecurrentClassifier(head, outputs)


def build_on_layers(head: Head, outputs: int = 1) -> LayersClassifier | MixClassifier:
    """A head of other layers as a module `(layers [b, m, 3, d], standard) -> logits [b, outputs]`."""
    if isinstance(head, PoolingHead):
        return LayersClassifier(head, outputs)
    assert isinstance(head, MixHead)
    return MixClassifier(head, outputs)


def kept_params(spec: HeadSpec, width: int, outputs: int) -> Params:
    """Parameters of the shapes that are kept of a head, see `heads.standard.folded`."""
    kept = spec.kept
    params = init(kept.name, kept.head, width, 0, outputs, len(kept.layers))
    return {**params, "mix": jnp.zeros(len(kept.layers))} if isinstance(spec.head, MixHead) else params


def init(
    name: str, head: Head, width: int, seed: int | Integer[Array, ""], outputs: int = 1, layers: int = 0
) -> Params:
    """Fresh parameters; their randomness depends on seed and name only, not on which other heads are trained.

    Args:
        name: The head's name.
        head: Head to initialise.
        width: Features per token, d.
        seed: Seed; may be traced, so that `jax.vmap` can initialise many seeds at once.
        outputs: Logits per row, k.
        layers: Number of layers of which it reads pooled vectors; 0 for a head of the last layer as it is.

    Returns:
        `dense`, and for recurrent heads `forward` and perhaps `backward`, each with Keras' weights by name; `queries`
        of an attention head, `mix` of one that mixes layers.
    """
    # crc32, not hash(): Python salts hash() anew in every process
    key = jax.random.fold_in(jax.random.key(seed), crc32(name.encode()))
    if layers:
        row = jax.ShapeDtypeStruct((1, layers, 3, width), jnp.float32)
        return dict(build_on_layers(head, outputs).lazy_init(key, row)["params"])
    one_token = jax.ShapeDtypeStruct((1, 1, width), jnp.float32), jax.ShapeDtypeStruct((1, 1), jnp.bool)
    # lazy: shapes suffice, and no scan is compiled only to be thrown away
    params: Params = build(head, outputs).lazy_init(key, *one_token)["params"]
    return params
