"""Any set of heads on one batch: logits of all, and gradients of all from one pass."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Float32

from headstart.heads.fused.attention import attend
from headstart.heads.fused.bptt import ForwardPass, Read, backward, forward, reads
from headstart.heads.fused.chunks import RaggedRows
from headstart.heads.fused.lanes import Lane, lanes_of
from headstart.heads.fused.layer_heads import LayerHeads
from headstart.heads.pooling import POOLED
from headstart.heads.registry import AttentionHead, Head, MixHead, PoolingHead, RecurrentHead
from headstart.heads.spec import HeadSpec

Params = Mapping[str, Any]

Logits = dict[str, Float32[Array, "b k"]]


@dataclass(frozen=True)
class FusedHeads:
    """Heads that go through a batch together; hashable, so that a jitted function can take it as static.

    Attributes:
        heads: Pairs of name and head, in the order of the table.
        limit: Tokens of the longest row there can be.
        dtype: Name of the dtype of the operands of the large matmuls, which add up in float32.
    """

    heads: tuple[tuple[str, Head], ...]
    limit: int
    dtype: str = "float32"

    @property
    def names(self) -> tuple[str, ...]:
        """The heads' names."""
        return tuple(name for name, _ in self.heads)

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The directions of all recurrent heads."""
        return lanes_of({name: head for name, head in self.heads if isinstance(head, RecurrentHead)})

    def logits(self, params: Params, rows: RaggedRows) -> Logits:
        """Logits of every head.

        Args:
            params: Parameters of each head by name, see `heads.modules.init`.
            rows: The batch.
        """
        after = self._forward(params, rows, keep=False)
        return self._classify(without_lanes(params), after and reads(after, rows), rows)

    def gradient(
        self, params: Params, rows: RaggedRows, loss: Callable[[Logits], tuple[Array, Any]]
    ) -> tuple[Params, Any]:
        """Gradient of a loss with respect to all parameters.

        Args:
            params: Parameters of each head by name.
            rows: The batch.
            loss: Logits of every head -> scalar, and something to hand on.

        Returns:
            The gradient, and what the loss handed on.
        """
        after = self._forward(params, rows, keep=True)
        read = after and reads(after, rows)

        def classified(params: Params, read: Any) -> tuple[Array, Any]:
            return loss(self._classify(params, read, rows))

        (of_params, of_read), more = jax.grad(classified, (0, 1), has_aux=True)(without_lanes(params), read)
        slopes: dict[str, dict[str, Any]] = {name: dict(slope) for name, slope in of_params.items()}
        if after:
            dtype = jnp.dtype(self.dtype)
            weights = backward(self._weights(params), self.lanes, rows, dtype, after, of_read)
            for lane, slope in zip(self.lanes, weights, strict=True):
                slopes[lane.head][lane.part] = slope
        return slopes, more

    def _weights(self, params: Params) -> list[Any]:
        return [params[lane.head][lane.part] for lane in self.lanes]

    def _forward(self, params: Params, rows: RaggedRows, keep: bool) -> ForwardPass | None:
        """A pass of the recurrent heads over the batch; None if there are none."""
        if not self.lanes:
            return None
        return forward(self._weights(params), self.lanes, rows, self.limit, jnp.dtype(self.dtype), keep)

    def _classify(self, params: Params, read: tuple[Read, ...] | None, rows: RaggedRows) -> Logits:
        """The linear classifier of every head, on what it reads."""
        dense = {name: params[name]["dense"] for name in params}
        pooling = {name: head for name, head in self.heads if isinstance(head, PoolingHead)}
        logits = pooling_logits(pooling, dense, rows.pooled) if pooling else {}
        for name, head in self.heads:
            if isinstance(head, RecurrentHead):
                lanes = [one for one, lane in zip(read or (), self.lanes, strict=True) if lane.head == name]
                logits[name] = inputs(head, lanes) @ dense[name]["kernel"] + dense[name]["bias"]
            if isinstance(head, AttentionHead):
                means = attend(params[name]["queries"], rows, jnp.dtype(self.dtype))
                features = means.reshape(means.shape[0], -1)
                logits[name] = features @ dense[name]["kernel"] + dense[name]["bias"]
        return {name: logits[name] for name in self.names}


def groups_of(specs: Sequence[HeadSpec], longest: int, operands: str) -> list[FusedHeads | LayerHeads]:
    """Pooling heads share a matmul, and so do those on layers; each other head's numbers depend on itself alone.

    Args:
        specs: The heads.
        longest: Tokens of the longest row.
        operands: Name of the dtype of the operands of the large matmuls.
    """
    pooled = [spec for spec in specs if spec.reads_pooled]
    groups = [group for group in (pooled, *([spec] for spec in specs if spec.reads_tokens)) if group]
    fused: list[FusedHeads | LayerHeads] = [
        FusedHeads(tuple((spec.name, spec.head) for spec in group), longest, operands) for group in groups
    ]
    on_layers = tuple(spec for spec in specs if spec.reads_layers)
    return [*fused, layer_heads(on_layers)] if on_layers else fused


def layer_heads(specs: Sequence[HeadSpec], vectors: Sequence[str] = ()) -> LayerHeads:
    """Heads on layers as a group.

    Args:
        specs: The heads; a layer that none of them reads is not read.
        vectors: Names of the vectors of each layer that a batch holds; () are those that some head reads.
    """
    layers = sorted({layer for spec in specs for layer in spec.layers})
    heads = [spec.head for spec in specs]
    read = {name for head in heads if isinstance(head, PoolingHead | MixHead) for name in head.read}
    return LayerHeads(
        tuple(specs), tuple(layers), tuple(name for name in POOLED if name in (vectors or read))
    )


def pooling_logits(heads: Mapping[str, PoolingHead], dense: Params, pooled: Float[Array, "b 3 d"]) -> Logits:
    """Logits of all pooling heads in one matmul, where a head's kernel is zero at what it does not read."""
    outputs = [dense[name]["bias"].shape[0] for name in heads]
    kernels = jnp.concatenate([rows_of(head, dense[name]["kernel"]) for name, head in heads.items()])
    vectors = pooled.reshape(pooled.shape[0], -1).astype(jnp.float32)
    # logits as rows: the gradient of the kernels is then [few, 3d], 16 x faster on a CPU than [3d, few]
    logits = jnp.split(jnp.einsum("kf,bf->kb", kernels, vectors), list(accumulate(outputs))[:-1])
    return {name: rows.T + dense[name]["bias"] for name, rows in zip(heads, logits, strict=True)}


def rows_of(head: PoolingHead, kernel: Float32[Array, "f k"]) -> Float32[Array, "k g"]:
    """A kernel over all of `POOLED`, transposed, from one over what the head reads."""
    parts: dict[str, Array] = dict(zip(head.read, jnp.split(kernel.T, len(head.read), axis=1), strict=True))
    nothing = jnp.zeros_like(parts[head.read[0]])
    return jnp.concatenate([parts.get(name, nothing) for name in POOLED], axis=1)


def inputs(head: RecurrentHead, lanes: Sequence[Read]) -> Float32[Array, "b f"]:
    """What the classifier of a recurrent head reads of its lanes."""
    pooled = [lane.mean for lane in lanes] + [lane.max for lane in lanes]
    return jnp.concatenate(pooled if head.pooled else [lane.last for lane in lanes], axis=-1)


def without_lanes(params: Params) -> Params:
    """The parameters that automatic differentiation sees: without the directions of recurrent heads."""
    lanes = ("forward", "backward")
    return {name: {part: head[part] for part in head if part not in lanes} for name, head in params.items()}
